"""The grammars of tree-sitter that are used, and what their nodes are to a unit."""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass, field
from enum import IntEnum

from tree_sitter import Language


class Role(IntEnum):
    """What a node is.

    Attributes:
        PLAIN: A statement, or part of one.
        BODY: Holds statements (a block, the members of a class).
        DATA: Holds values (a list, a dictionary, an initializer); cut when long.
        ARGUMENTS: Holds arguments; cut when very long.
        ITEM: Part of a statement that is one itself (``when`` of Ruby's ``case``).
        CLAUSE: Goes on with the statement around it (``else``).
        LABEL: Holds for what follows beside it (``public:``).
        LABELLED: A label that is jumped to, which holds for what follows beside it, and the first statement of that.
        PREFIX: Belongs to what follows (an attribute, a decorator).
        STRING: Text; cut by paragraph when long.
        COMMENT: A comment.
        THROUGH: The statement of a body that holds the body's statements (a lambda in braces).
        SKIPPED: Belongs to what stands before it.
        OPENER: A token that begins a body.
        CLOSER: A token that ends a body.
        TOKEN: Another token.
        ERROR: What the parser could not read.
    """

    PLAIN = 0
    BODY = 1
    DATA = 2
    ARGUMENTS = 3
    ITEM = 4
    CLAUSE = 5
    LABEL = 6
    PREFIX = 7
    STRING = 8
    COMMENT = 9
    SKIPPED = 10
    OPENER = 11
    CLOSER = 12
    TOKEN = 13
    ERROR = 14
    THROUGH = 15
    LABELLED = 16


_ROLES: dict[Role, str] = {
    Role.BODY: "block statement_block class_body interface_body enum_body compound_statement declaration_list "
    "field_declaration_list enumerator_list switch_body switch_block class_static_block constructor_body "
    "annotation_type_body module_body enum_body_declarations template_body case_block indented_block indented_cases "
    "with_template_body enum_class_body protocol_body statements match_block enum_variant_list import_spec_list "
    "var_spec_list accessor_list enum_member_declaration_list colon_block property_hook_list enum_declaration_list "
    "object_type statement_list keyframe_block_list",
    Role.DATA: "dictionary list set tuple object array initializer_list array_initializer hash table_constructor "
    "literal_value array_expression field_initializer_list initializer_expression dictionary_literal array_literal "
    "array_creation_expression collection_literal",
    Role.ARGUMENTS: "arguments argument_list value_arguments parameters formal_parameters parameter_list "
    "class_parameters function_value_parameters",
    Role.ITEM: "jsx_element expression_case default_case type_case communication_case switch_entry",
    Role.LABEL: "access_specifier",
    Role.PREFIX: "decorator attribute_item",
    Role.STRING: "string template_string string_literal raw_string_literal interpolated_string_expression "
    "verbatim_string_literal multi_line_string_literal multiline_string_literal interpreted_string_literal "
    "encapsed_string heredoc nowdoc heredoc_body heredoc_redirect block_scalar",
    Role.COMMENT: "comment line_comment block_comment multiline_comment html_comment js_comment "
    "hash_bang_line shebang shebang_line shebang_directive",
    Role.CLAUSE: "preproc_else preproc_elif preproc_elifdef",
}
_SEPARATORS: dict[str, str] = {
    "switch_case": ":",
    "switch_default": ":",
    "case_statement": ":",
    "default_statement": ":",
    "switch_block_statement_group": ":",
    "expression_case": ":",
    "default_case": ":",
    "type_case": ":",
    "communication_case": ":",
    "switch_section": ":",
    "switch_entry": ":",
    "case_clause": ": =>",
    "preproc_if": "",
    "preproc_ifdef": "",
    "preproc_else": "",
    "preproc_elif": "",
    "preproc_elifdef": "",
    "jsx_element": "jsx_opening_element",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """A grammar and how to read its trees.

    Attributes:
        package: The module that holds the parser.
        function: What it calls the parser.
        roles: Roles of the nodes that have another one here than in the other grammars.
        separators: By node, the children after which its statements follow; empty where they follow on the next line.
        closes: Whether its bodies have a token that ends them.
    """

    package: str
    function: str = "language"
    roles: dict[Role, str] = field(default_factory=dict)
    separators: dict[str, str] = field(default_factory=dict)
    closes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedGrammar:
    """A grammar that is loaded.

    Attributes:
        language: For the parser.
        roles: The role of each kind of node, by its number.
        separators: Of each kind of node that holds its statements itself, the numbers of the children before them.
        closes: As in ``Grammar``.
        guard: Number of the node of an include guard, or -1.
        has_preprocessor: Whether the language is C or C++.
    """

    language: Language
    roles: tuple[Role, ...]
    separators: dict[int, frozenset[int]]
    closes: bool
    guard: int
    has_preprocessor: bool


GRAMMARS: dict[str, Grammar] = {
    "python": Grammar(package="tree_sitter_python", closes=False),
    "js": Grammar(package="tree_sitter_javascript", roles={Role.BODY: "class_body"}),
    "ts": Grammar(package="tree_sitter_typescript", function="language_typescript"),
    "tsx": Grammar(package="tree_sitter_typescript", function="language_tsx"),
    "java": Grammar(package="tree_sitter_java"),
    "c": Grammar(package="tree_sitter_c", roles={Role.LABELLED: "labeled_statement"}),
    "cpp": Grammar(package="tree_sitter_cpp", roles={Role.LABELLED: "labeled_statement"}),
    "go": Grammar(
        package="tree_sitter_go",
        separators={"const_declaration": "(", "var_declaration": "(", "type_declaration": "(", "interface_type": "{"},
    ),
    "rust": Grammar(package="tree_sitter_rust", roles={Role.DATA: "token_tree"}),
    "ruby": Grammar(
        package="tree_sitter_ruby",
        roles={
            Role.BODY: "body_statement block_body then",
            Role.ITEM: "when in_clause",
            Role.CLAUSE: "else elsif ensure rescue",
            Role.PLAIN: "block",
            Role.SKIPPED: "heredoc_body",
        },
        separators={"else": "else", "ensure": "ensure", "begin": "begin", "case": "", "do": "do"},
    ),
    "php": Grammar(package="tree_sitter_php", function="language_php"),
    "scala": Grammar(package="tree_sitter_scala", roles={Role.THROUGH: "lambda_expression"}),
    "swift": Grammar(package="tree_sitter_swift", roles={Role.BODY: "willset_didset_block computed_property"}),
    "kotlin": Grammar(
        package="tree_sitter_kotlin", roles={Role.BODY: "lambda_literal"}, separators={"when_expression": "{"}
    ),
    "csharp": Grammar(
        package="tree_sitter_c_sharp",
        separators={"preproc_if": "", "preproc_region": ""},
    ),
    "lua": Grammar(package="tree_sitter_lua"),
    "elixir": Grammar(
        package="tree_sitter_elixir",
        roles={
            Role.BODY: "do_block body",
            Role.PLAIN: "block",
            Role.CLAUSE: "else_block rescue_block catch_block after_block",
            Role.DATA: "map_content",
        },
        separators={
            "else_block": "else",
            "rescue_block": "rescue",
            "catch_block": "catch",
            "after_block": "after",
            "stab_clause": "->",
        },
    ),
    "powershell": Grammar(
        package="tree_sitter_powershell",
        roles={
            Role.BODY: "script_block script_block_body named_block_list switch_clauses",
            Role.DATA: "hash_literal_body",
            Role.ITEM: "named_block",
        },
        separators={"class_statement": "{", "enum_statement": "{"},
    ),
    "bash": Grammar(
        package="tree_sitter_bash",
        roles={Role.BODY: "do_group", Role.PLAIN: "list", Role.CLAUSE: "elif_clause else_clause"},
        separators={
            "if_statement": "then",
            "elif_clause": "then",
            "else_clause": "else",
            "case_statement": "in",
            "case_item": ")",
        },
    ),
    "css": Grammar(package="tree_sitter_css"),
    "hcl": Grammar(
        package="tree_sitter_hcl", roles={Role.BODY: "body", Role.PLAIN: "block", Role.STRING: "heredoc_template"}
    ),
    "yaml": Grammar(
        package="tree_sitter_yaml",
        roles={Role.BODY: "document block_node block_mapping block_sequence", Role.DATA: "flow_mapping flow_sequence"},
        closes=False,
    ),
}
"""By language. Perl and Solidity are not here since their packages pass the parser in a way that is deprecated; Haskell
since its parser takes time by the square of a malformed text's length, and layout says the same; SQL since its grammar
has 13 MB and knows few dialects; R, COBOL and others since no package has theirs."""

_OPENERS = frozenset("{ ( [ do begin @{ @( ${ {| #{ %{".split())
_CLOSERS = frozenset(
    "} ) ] > end fi done esac ;; ;;& ;& #endif endif block_end object_end tuple_end jsx_closing_element".split()
)


@functools.cache
def load(name: str) -> LoadedGrammar | None:
    """Load a language's grammar; None where there is none, or its package is not there or of another version."""
    grammar = GRAMMARS.get(name)
    if grammar is None:
        return None
    try:
        pointer = getattr(importlib.import_module(grammar.package), grammar.function)()
        language = Language(pointer)
    except (ImportError, AttributeError, ValueError):
        return None
    kinds = [language.node_kind_for_id(i) or "" for i in range(language.node_kind_count)]
    named = [language.node_kind_is_named(i) for i in range(language.node_kind_count)]
    by_name = {kind: role for role, words in _ROLES.items() for kind in words.split()}
    by_name |= {kind: role for role, words in grammar.roles.items() for kind in words.split()}
    roles = tuple(_role(k, n, by_name) for k, n in zip(kinds, named, strict=True))
    separators = _SEPARATORS | grammar.separators
    return LoadedGrammar(
        language=language,
        roles=roles,
        separators={
            i: frozenset(j for j, other in enumerate(kinds) if other in separators[kind].split())
            for i, kind in enumerate(kinds)
            if named[i] and kind in separators
        },
        closes=grammar.closes,
        guard=next((i for i, kind in enumerate(kinds) if kind == "preproc_ifdef"), -1),
        has_preprocessor=name in ("c", "cpp"),
    )


def _role(kind: str, named: bool, by_name: dict[str, Role]) -> Role:
    if kind.strip() in _CLOSERS:
        return Role.CLOSER
    if not named and kind in _OPENERS:
        return Role.OPENER
    if kind == "---":
        return Role.LABEL
    return by_name.get(kind, Role.PLAIN) if named else Role.TOKEN
