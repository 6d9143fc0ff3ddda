"""Copy LangChain's text splitters into the package: two files, without what their package needs.

python scripts/bundle_splitters.py          writes compress/text/langchain_text_splitters/
python scripts/bundle_splitters.py --check  compares with what is there; 1 where a file differs

langchain-text-splitters needs langchain-core, and that langsmith and what it needs: 20 packages and 52 MB, of which the
splitters use two base classes. The files are as published, but for the line that imports those and for the import of
one file by the other.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from ctxpipe.models.wheel import PinnedFile, fetch_wheel, unpack

REQUIREMENT = "langchain-text-splitters==1.1.3"
FOLDER = Path(__file__).parents[1] / "compress" / "text" / "langchain_text_splitters"
HOME = "ctxpipe.compress.text.langchain_text_splitters"
REPLACED = {
    "from langchain_core.documents import": f"from {HOME}.documents import",
    "from langchain_text_splitters.base import": f"from {HOME}.base import",
}
LICENCE = "langchain_text_splitters-1.1.3.dist-info/licenses/LICENSE"
_CHARACTER = "b8e4a3af7d41df20f8829b8399d9b7b05c36e5476d965970e15130336346c0fe"
FILES = (
    ("langchain_text_splitters/base.py", 18_306, "0bf1950bd7fc1aa0c97b056aee3bc0da47c4075a960a417a476445943a48d91b"),
    ("langchain_text_splitters/character.py", 26_084, _CHARACTER),
    (LICENCE, 1_067, "4ec67e4ca6e6721dba849b2ca82261597c86a61ee214bbf21416006b7b2d0478"),
)


def main() -> int:
    """Write the files, or compare them."""
    with tempfile.TemporaryDirectory() as scratch:
        wheel = fetch_wheel(REQUIREMENT, Path(scratch), size=0, hint="see pip's own message")
        pinned = [PinnedFile(member=name, size=size, sha256=sha, name=Path(name).name) for name, size, sha in FILES]
        unpack(wheel, tuple(pinned), Path(scratch))
        made = {file.name: _ours((Path(scratch) / file.name).read_text(encoding="utf-8")) for file in pinned}
    if "--check" in sys.argv:
        differing = [name for name, text in made.items() if (FOLDER / name).read_text(encoding="utf-8") != text]
        print("\n".join(f"{name} differs" for name in differing) or "all files are the same")
        return int(bool(differing))
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"wrote {', '.join(made)}")
    return 0


def _ours(text: str) -> str:
    for old, new in REPLACED.items():
        text = text.replace(old, new)
    return text


if __name__ == "__main__":
    sys.exit(main())
