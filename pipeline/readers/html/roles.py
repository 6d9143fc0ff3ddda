"""How the tags of HTML are laid out."""

ROLES = {
    tag: role
    for role, tags in (
        (
            "dropped",
            "head script style noscript template svg iframe object embed canvas audio video nav datalist rt rp "
            "-comment !doctype",
        ),
        ("verbatim", "pre listing xmp plaintext"),
        ("heading", "h1 h2 h3 h4 h5 h6"),
        ("list", "ul ol menu dir"),
        ("item", "li"),
        ("definition", "dd"),
        ("table", "table"),
        ("head", "thead"),
        ("row", "tr"),
        ("entry", "input select textarea"),
        ("cell", "td th"),
        ("break", "br"),
        ("superscript", "sup"),
        ("struck", "s strike del"),
        ("folded", "details aside"),
        ("paragraph", "p blockquote section article main figure fieldset hr address"),
        (
            "line",
            "body div dt dl header footer form figcaption caption legend summary center option optgroup "
            "dialog hgroup search",
        ),
    )
    for tag in tags.split()
}
"""Layout of tags: a paragraph is between empty lines, a line on its own line, everything else is inline."""
