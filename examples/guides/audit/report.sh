#!/usr/bin/env bash
# Prints, a line each and with tabs between, what differs in HelpCrunch from the state:
# the customer's id, their address in the configuration, and the attribute, or "gone".
# A check that fails has "-" for an id, "failed", and its message.
# With VALUES=1 also what was and what is, which are people's data.
# Exit code 0: nothing. 2: something. 1: not known, for something went wrong.
set -uo pipefail
umask 077 # for the plan, which has people's data

plan="${1:-audit.tfplan}"
[[ "${VALUES:-}" =~ ^[01]?$ ]] || { echo "VALUES is \"$VALUES\": set it to 1 for values, or leave it out." >&2; exit 1; }
terraform init -input=false >/dev/null || exit 1
rm -f "$plan" # one that others may read would stay so
said="$(terraform plan -refresh-only -input=false -json -parallelism=100 -out="$plan")" || {
  jq -r 'select(.diagnostic.severity == "error") | .diagnostic | "\(.summary)\n\n\(.detail)\n"' <<<"$said" >&2
  exit 1
}
# Whoever is gone and not to be made anew is no drift to Terraform: a warning says it.
gone="$(jq -s 'map(.diagnostic | select(.summary // "" | startswith("Customers are missing")) | .address)' <<<"$said")" || exit 1
report="$(terraform show -json "$plan" | gone="$gone" jq -r --argjson values "${VALUES:-0}" '
  ($ENV.gone | fromjson) as $gone |
  def parts($before; $after): # an object goes property by property
    ([$before, $after] | map(objects | keys[]) | unique[]) as $key
    | [$key, $before[$key], $after[$key]] | select(.[1] != .[2]);
  def shown: # in quotes as a spreadsheet reads them, and no formula
    (if type == "string" then . else tojson end) | (if test("^\\s*[=+@\\-＝＋－＠]") then "\u0027" + . else . end)
    | "\"" + gsub("\""; "\"\"") + "\"";
  [.resource_drift[]? | select(.type | startswith("helpcrunch_")) | . as $r | .change
    | (.before.customer_id // .before.id) as $id
    | if .after == null then [$id, $r.address, "gone"] else
        parts(.before; .after) as [$name, $was, $is]
        | if ($name == "custom_data" or $name == "digests") and ([$was, $is] | all(type == "object"))
          then parts($was; $is) as [$property, $w, $i] | [$id, $r.address, "\($name).\($property)", $w, $i]
          else [$id, $r.address, $name, $was, $is] end
        | if $values == 1 then .[:3] + (.[3:] | map(shown)) else .[:3] end
      end]
  + [.prior_state | .. | objects | select(.mode? == "managed" and (.address | IN($gone[])))
    | [.values.customer_id // .values.id, .address, "gone"]]
  + [.checks[]? | select(.status == "fail")
    | ["-", .address.to_display, "failed", ([.instances[]?.problems[]?.message] | join("; "))]]
  | unique[] | map(tostring | gsub("[\\p{Cc}\\p{Cf}]"; "?")) | join("\t")')" || exit 1 # people choose their names
[[ -z "$report" ]] && exit 0
echo "$report"
exit 2
