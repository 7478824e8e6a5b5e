# The last event of `guestlist apply --format json` as Markdown; nothing if there was nothing to do. With $redact, it
# has neither names nor reasons.
include "fenced";
def changes: "\(.) change" + (if . == 1 then "" else "s" end);
def block($title): if length == 0 or $redact then empty else "\n\($title)\n\n" + (join("\n") | .[:50000] | fenced) end;
def people: map("\(.email): \(.reason | gsub("[\r\n]+"; " "))" + (if .request_id then " (request \(.request_id))" else "" end));

{
  applied: "**Applied** \(.done | changes).",
  partial: "**Applied \(.done) of \(.changes | changes).** Fix what is named below, then run this job again for the rest.",
  blocked: "**Not applied: blocked by a guard.** The organization has changed since the plan; run the pipeline again for a new one.",
  locked: "**Not applied: another run is in progress.** Run this job again when it has ended.",
  interrupted: "**Interrupted after \(.done) of \(.changes | changes).** Run this job again to continue.",
  failed: "**Stopped after \(.done) of \(.changes | changes).**"
}[.outcome] // empty,
(if .outcome == "applied" then [] else [.error // empty] end | block("Reason:")),
(.failed | people | block("Failed (\(length)):")),
(.held_back | people | block("Not made, because another change failed (\(length)):")),
(if .attention > 0 then "\nThe plan has notes that need attention (\(.attention)): see its summary." else empty end)
