"""Files that look like secrets: keys, passwords and tokens, by name and by the head of their content."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from functools import lru_cache

_FOLDERS = frozenset((".ssh", ".gnupg", ".aws", ".azure", ".kube", ".gcloud", ".password-store"))
_NAMES = frozenset(
    """
    .env .envrc .netrc _netrc .npmrc .yarnrc.yml .pypirc .pgpass .my.cnf .mylogin.cnf .git-credentials .htpasswd .s3cfg
    .boto .dockercfg .dockerconfigjson .vault-token .terraformrc terraform.rc .bash_history .zsh_history .python_history
    .node_repl_history .psql_history .mysql_history .sqlite_history .rediscli_history kubeconfig master.key credentials
    credentials.csv rootkey.csv id_rsa id_dsa id_ecdsa id_ed25519 id_ecdsa_sk id_ed25519_sk
    application_default_credentials.json local.settings.json wp-config.php localsettings.php .mcp.json .env-cmdrc
    .clasprc.json .dev.vars rclone.conf
    """.split()
)
_PATTERNS = tuple(
    """
    .env.* *.env *.pem *.key *.pfx *.p12 *.pkcs12 *.p8 *.pk8 *.jks *.keystore *.kdbx *.kdb *.ppk *.keytab *.ovpn
    *.agekey *.tfvars *.tfvars.json *.tfstate *.tfstate.backup *.kubeconfig kubeconfig.* credentials*.json
    credentials*.y*ml credentials*.toml
    credentials*.ini credentials*.properties credentials*.xml secret.y*ml secrets.y*ml secrets.*.y*ml secret.json
    secrets.json secrets.*.json secret.toml secrets.toml secrets.ini secrets.properties client_secret*.json
    client-secret*.json *service-account*.json *service_account*.json *serviceaccount*.json
    """.split()
)
_EXAMPLE = re.compile(r"(?:^|[._-])(?:example|sample|template|tmpl|dist|defaults?|schema|spec)(?:[._-]|$)")
_MAY_BE_EXAMPLE = re.compile(r"\.env(?:\.|$)|\.(?:json|ya?ml|toml|ini|properties|xml)$")
_KEY_LINE = re.compile(rb"^[ \t]*-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----", re.MULTILINE)
_KEY_INSIDE = re.compile(
    rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:\\[rn]|[\s\"'+,])*(?:[A-Za-z0-9+/=]{16}|Proc-Type|Version)"
)
_OTHER_HEADS = re.compile(
    rb"^PuTTY-User-Key-File-[0-9]|AGE-SECRET-KEY-1[A-Z0-9]{8}"
    rb"|^[ \t]*(?:client-key-data|client-certificate-data)[ \t]*:[ \t]*\S"
    rb"|^[ \t]*(?:export[ \t]+)?(?i:aws_secret_access_key)[ \t]*[=:][ \t]*[\"']?"
    rb"(?![A-Za-z0-9/+]*EXAMPLE)[A-Za-z0-9/+]{40}[\"']?[ \t\r]*$",
    re.MULTILINE,
)
_ACCOUNT = re.compile(rb'"type"\s*:\s*"service_account"')
_ACCOUNT_KEY = re.compile(rb'"private_key"\s*:\s*"')


def is_secret_path(path: str) -> bool:
    """Whether a file's name, or a folder that it is in, says that it holds keys, passwords or tokens.

    An example of such a file (``.env.example``) is none.
    """
    parts = path.replace(os.sep, "/").lower().split("/")
    return not _FOLDERS.isdisjoint(parts[:-1]) or _is_secret_name(parts[-1])


@lru_cache(maxsize=1 << 12)
def _is_secret_name(name: str) -> bool:
    if name in _NAMES:
        return True
    if not any(fnmatchcase(name, pattern) for pattern in _PATTERNS):
        return False
    return not (_MAY_BE_EXAMPLE.search(name) and _EXAMPLE.search(name))


def is_secret_head(head: bytes) -> bool:
    """Whether the first bytes of a file hold a private key, one of a service account or AWS, or a cluster's access."""
    if b"PRIVATE KEY" in head and (_KEY_LINE.search(head) or _KEY_INSIDE.search(head)):
        return True
    return bool(_OTHER_HEADS.search(head) or (_ACCOUNT.search(head) and _ACCOUNT_KEY.search(head)))
