"""Names of languages, and how each writes a comment."""

from __future__ import annotations

_ALIASES = {
    "c#": "csharp",
    "c++": "cpp",
    "cc": "cpp",
    "cs": "csharp",
    "console": "bash",
    "containerfile": "dockerfile",
    "docker": "dockerfile",
    "golang": "go",
    "hs": "haskell",
    "htm": "html",
    "javascript": "js",
    "jsx": "js",
    "kt": "kotlin",
    "make": "makefile",
    "mjs": "js",
    "node": "js",
    "patch": "diff",
    "pl": "perl",
    "protobuf": "proto",
    "ps1": "powershell",
    "pwsh": "powershell",
    "py": "python",
    "python3": "python",
    "rb": "ruby",
    "rs": "rust",
    "sh": "bash",
    "shell": "bash",
    "solidity": "sol",
    "svg": "xml",
    "terraform": "hcl",
    "tf": "hcl",
    "typescript": "ts",
    "vba": "vb",
    "visualbasic": "vb",
    "yml": "yaml",
    "zsh": "bash",
}
_COMMENTS = {
    "# {}": "awk bash bazel cmake coffee conf crystal dockerfile elixir fish gdscript gherkin graphql hcl ini julia "
    "makefile nim nix perl powershell properties python r ruby sed tcl toml yaml",
    "// {}": "apex bicep c cpp csharp dart fsharp glsl go groovy java js json5 jsonnet kotlin less objc pascal php "
    "prisma proto rust sass scala scss sol swift thrift ts tsx verilog zig",
    "-- {}": "ada elm haskell lua purescript sql vhdl",
    "; {}": "asm clojure elisp lisp",
    "% {}": "erlang matlab",
    "! {}": "fortran",
    "* {}": "cobol",
    '" {}': "abap vim",
    "' {}": "vb",
    "REM {}": "batch",
    "/* {} */": "css",
    "(* {} *)": "ocaml",
    "<!-- {} -->": "html xml",
}
_MARKS = {language: mark for mark, languages in _COMMENTS.items() for language in languages.split()}


def canonical(language: str) -> str:
    """The name used here for a language: ``"js"`` for ``"JavaScript"``, an unknown name in lower case."""
    name = language.strip().lower()
    return _ALIASES.get(name, name)


def comment_mark(language: str) -> str:
    """How ``…`` is written as a comment, for example ``# …``; plain ``…`` where that is not known."""
    return _MARKS.get(canonical(language), "{}").format("…")


def line_comment(language: str) -> str:
    """What begins a comment that goes on to the line's end; empty where there is none or it is not known."""
    mark = _MARKS.get(canonical(language), "{}")
    return mark[:-3] if mark.endswith(" {}") else ""


def description_mark(language: str) -> str:
    """What begins and ends text that describes the definition below it; empty where there is no such text."""
    return '"""' if canonical(language) in ("graphql", "julia") else ""
