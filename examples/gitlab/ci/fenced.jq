# A code block of a text from a file or a server: nothing in it is Markdown, HTML or a mention.
def fenced:
  ([match("`+"; "g").length] + [2] | max + 1) as $ticks
  | ("`" * $ticks) as $fence
  | "\($fence)text\n\(.)\n\($fence)";
