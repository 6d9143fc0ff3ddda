"""The reader of a file, by its name or else its content."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from ctxpipe.compress.text.data.json_tree import is_json
from ctxpipe.compress.types import Kind
from ctxpipe.pipeline.readers.archive import zip_parts
from ctxpipe.pipeline.readers.registry import READERS


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """How a file is read.

    Attributes:
        reader: Name of the reader; ``text`` and ``html`` are decoded first.
        kind: Kind of the document it becomes.
        language: Programming language, markup language of text, or empty.
    """

    reader: str = "text"
    kind: Kind = "text"
    language: str = ""


TEXT = FileFormat()
CODE = FileFormat(kind="code")
JSON = FileFormat(kind="json")
COMMENTED = FileFormat(kind="code", language="json5")
HTML = FileFormat(reader="html", kind="html")
PAGE_TEMPLATE = FileFormat(kind="code", language="html")
PDF = FileFormat(reader="pdf", kind="pdf")
DOCX = FileFormat(reader="docx", kind="markdown")
PPTX = FileFormat(reader="pptx", kind="markdown")
XLSX = FileFormat(reader="xlsx", kind="markdown")
MAIL = FileFormat(reader="mail")
NOTEBOOK = FileFormat(reader="ipynb", kind="markdown")
MSG = FileFormat(reader="msg")
EPUB = FileFormat(reader="epub", kind="markdown")
ODT = FileFormat(reader="odt")
ODS = FileFormat(reader="ods", kind="markdown")
ODP = FileFormat(reader="odp")
RTF = FileFormat(reader="rtf")

_FORMATS: tuple[tuple[FileFormat, str], ...] = (
    (TEXT, "txt text log"),
    (FileFormat(language="rst"), "rst rest"),
    (FileFormat(language="org"), "org"),
    (FileFormat(language="asciidoc"), "adoc asciidoc"),
    (FileFormat(language="tex"), "tex latex ltx sty"),
    (FileFormat(kind="markdown"), "md markdown mdown mkd mdx qmd rmd"),
    (JSON, "json jsonl ndjson geojson jsonld"),
    (FileFormat(kind="csv"), "csv tsv tab"),
    (HTML, "html htm xhtml"),
    (PDF, "pdf"),
    (DOCX, "docx docm dotx dotm"),
    (PPTX, "pptx pptm"),
    (XLSX, "xlsx xlsm xltx xltm"),
    (MAIL, "eml mbox"),
    (MSG, "msg"),
    (NOTEBOOK, "ipynb"),
    (EPUB, "epub"),
    (ODT, "odt ott"),
    (ODS, "ods ots"),
    (ODP, "odp otp"),
    (RTF, "rtf"),
    (FileFormat(reader="srt"), "srt"),
    (FileFormat(reader="vtt"), "vtt"),
    (CODE, "m"),
)
_LANGUAGES = {
    "python": "py pyi pyw pyx",
    "js": "js mjs cjs jsx",
    "ts": "ts mts cts",
    "tsx": "tsx",
    "java": "java",
    "cpp": "cpp cc cxx c++ hpp hh hxx h++ cu cuh ipp",
    "c": "c h",
    "go": "go",
    "rust": "rs",
    "ruby": "rb rake gemspec",
    "php": "php",
    "scala": "scala sc sbt",
    "swift": "swift",
    "kotlin": "kt kts",
    "csharp": "cs",
    "proto": "proto",
    "r": "r",
    "lua": "lua",
    "perl": "pl pm",
    "haskell": "hs",
    "elixir": "ex exs",
    "powershell": "ps1 psm1",
    "vb": "vb vbs bas frm",
    "ada": "adb ads",
    "tcl": "tcl",
    "coffee": "coffee",
    "crystal": "cr",
    "gdscript": "gd",
    "glsl": "glsl vert frag hlsl wgsl",
    "bicep": "bicep",
    "prisma": "prisma",
    "thrift": "thrift",
    "jsonnet": "jsonnet libsonnet cue",
    "bazel": "bzl star bazel",
    "purescript": "purs",
    "lisp": "lisp scm rkt",
    "apex": "apex trigger",
    "abap": "abap",
    "sol": "sol",
    "cobol": "cob cbl",
    "html": "vue svelte astro twig njk",
    "yaml": "yaml yml",
    "toml": "toml",
    "ini": "ini service timer socket mount target desktop editorconfig gitconfig",
    "conf": "conf cfg",
    "properties": "properties env",
    "xml": "xml xsd xsl xslt svg plist",
    "sql": "sql pks pkb",
    "bash": "sh bash zsh ksh",
    "fish": "fish",
    "batch": "bat cmd",
    "css": "css",
    "scss": "scss",
    "sass": "sass",
    "less": "less",
    "json5": "json5 jsonc",
    "graphql": "graphql gql",
    "gherkin": "feature",
    "groovy": "groovy gradle",
    "hcl": "hcl tf tfvars",
    "nix": "nix",
    "cmake": "cmake",
    "makefile": "mk",
    "dockerfile": "dockerfile",
    "diff": "diff patch",
    "vim": "vim",
    "elisp": "el",
    "clojure": "clj",
    "erlang": "erl",
    "elm": "elm",
    "fsharp": "fs",
    "ocaml": "ml mli",
    "julia": "jl",
    "dart": "dart",
    "zig": "zig",
    "nim": "nim",
    "fortran": "f90 f95 f03 f08",
    "asm": "asm s",
    "verilog": "v sv svh",
    "vhdl": "vhd",
    "objc": "mm",
    "pascal": "pas",
    "awk": "awk",
    "sed": "sed",
    "bibtex": "bib",
    "ris": "ris nbib",
    "vobject": "ics vcf ifb",
}
_BY_EXTENSION = {f".{ending}": format for format, endings in _FORMATS for ending in endings.split()} | {
    f".{ending}": FileFormat(kind="code", language=language)
    for language, endings in _LANGUAGES.items()
    for ending in endings.split()
}
_BY_NAME = {
    name: FileFormat(kind="code", language=language)
    for language, names in {
        "makefile": "makefile gnumakefile justfile",
        "bazel": "build.bazel workspace module.bazel tiltfile",
        "dockerfile": "dockerfile containerfile",
        "groovy": "jenkinsfile",
        "cmake": "cmakelists.txt",
        "ruby": "rakefile gemfile vagrantfile podfile fastfile brewfile",
        "properties": ".env",
    }.items()
    for name in names.split()
}
_INTERPRETERS = {
    "python": "python",
    "node": "js",
    "ruby": "ruby",
    "perl": "perl",
    "lua": "lua",
    "php": "php",
    "sh": "bash",
    "bash": "bash",
    "zsh": "bash",
    "dash": "bash",
    "ksh": "bash",
    "fish": "fish",
    "awk": "awk",
    "gawk": "awk",
}
_MAIL_HEAD = re.compile(rb"(?:From [^\n]*\d{4}\r?\n)?(?:[A-Za-z][A-Za-z0-9-]*:[ \t][^\n]*\n(?:[ \t]+[^\n]*\n)*){3,}")
_MAIL_FIELDS = re.compile(rb"^(?:MIME-Version|Message-ID|Received|Return-Path):", re.IGNORECASE | re.MULTILINE)
_MSG_PART = "__properties_version1.0".encode("utf-16-le")
# In an e-book and an OpenDocument file, the first part of the archive is its media type, and is not packed.
_MIMETYPE = re.compile(rb"mimetype(application/[a-z.+-]+(?:-template)?)")
_ODF = b"application/vnd.oasis.opendocument."
_BY_MIMETYPE = {
    b"application/epub+zip": EPUB,
    _ODF + b"text": ODT,
    _ODF + b"spreadsheet": ODS,
    _ODF + b"presentation": ODP,
}
_NOTEBOOK = re.compile(rb'"nbformat"\s*:\s*[34]\b')
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ROOT = re.compile(r"<([a-z_][\w.:-]*)(?:\s[^<>]*)?>")
_PARTS_OF_PAGES = frozenset(
    "a article aside b blockquote center code details div dl em figure font footer form h1 h2 h3 h4 h5 h6 header i "
    "iframe img li main nav ol p pre script section small span strong style summary table tbody td tr u "
    "ul think".split()
)
"""Elements that a piece of HTML may begin with."""
_KNOWN_PARTS = {
    "word/document.xml": DOCX,
    "ppt/presentation.xml": PPTX,
    "xl/workbook.xml": XLSX,
    "META-INF/container.xml": EPUB,
}

REFUSED = {
    ".doc": "an old Word format; save it as .docx or PDF",
    ".ppt": "an old PowerPoint format; save it as .pptx or PDF",
    ".xls": "an old Excel format; save it as .xlsx or CSV",
}
"""Extensions of text formats without a reader, and what to do."""


def by_name(name: str) -> FileFormat | None:
    """The format by a file's name; None if unknown.

    An extension that has no format here may have a reader in another package.
    """
    base = os.path.basename(name).lower()
    ending = os.path.splitext(base)[1]
    known = _BY_NAME.get(base) or _BY_EXTENSION.get(ending)
    if known is None and ending and ending not in REFUSED and ending[1:] in READERS.names():
        return FileFormat(reader=ending[1:])
    return known


def by_magic(data: bytes) -> FileFormat | None:
    """The format of a file by its bytes, where they tell; None for text of an unknown format."""
    if data.startswith(b"%PDF-"):
        return PDF
    if data.lstrip().startswith(b"{") and _NOTEBOOK.search(data[-4096:]) and b'"cells"' in data:
        return NOTEBOOK
    if (head := _MAIL_HEAD.match(data, 0, 8192)) and _MAIL_FIELDS.search(head.group()):
        return MAIL
    if data.startswith(b"\xd0\xcf\x11\xe0") and _MSG_PART in data:
        return MSG
    if data.startswith(b"{\\rtf"):
        return RTF
    if data.startswith(b"PK\x03\x04") and (declared := _MIMETYPE.match(data, 30)):
        return _BY_MIMETYPE.get(declared[1])
    parts = zip_parts(data) if data.startswith(b"PK\x03\x04") else {}
    return next((format for part, format in _KNOWN_PARTS.items() if part in parts), None)


def _is_element(head: str, text: str) -> bool:
    """Whether a text is one element of XML, whose name no page of HTML begins with."""
    root = _ROOT.match(head)
    if root is None or root[1] in _PARTS_OF_PAGES:
        return False
    return text[-256:].rstrip().lower().endswith(f"</{root[1]}>")


def by_text(text: str) -> FileFormat:
    """The format of a text by its content: HTML, JSON, a script with a ``#!`` line, XML, else plain text."""
    head = _COMMENT.sub("", text[:2048]).lstrip().lower()
    if re.match(r"(<\?xml[^>]*>\s*)?(<!doctype html|<html|<head|<body)", head):
        return HTML
    if head.startswith("<?xml") or _is_element(head, text):
        return FileFormat(kind="code", language="xml")
    if head.startswith(("{", "[")) and is_json(text):
        return JSON
    if head.startswith("#!"):
        words = head.partition("\n")[0].replace("/", " ").split()
        names = (re.sub(r"[\d.]+$", "", word) for word in words)
        return FileFormat(kind="code", language=next((_INTERPRETERS[n] for n in names if n in _INTERPRETERS), ""))
    return TEXT
