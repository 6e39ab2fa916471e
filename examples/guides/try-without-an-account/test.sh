#!/usr/bin/env bash
# Runs the tests of this module against a HelpCrunch of its own. The sandbox
# takes a free port and says which; -rate 0 is no limit, and the provider is told
# so as well.
set -euo pipefail

unset "${!HELPCRUNCH_@}" # whatever happens, the tests get to no real account
coproc SANDBOX { exec helpcrunch-sandbox -address 127.0.0.1:0 -rate 0 -attributes plan=text 2>sandbox.log; }
trap 'kill "${SANDBOX_PID:-}" 2>/dev/null || true' EXIT
settings="$(grep -m 2 export <&"${SANDBOX[0]}")" || { # HELPCRUNCH_BASE_URL and HELPCRUNCH_API_KEY
  echo "The sandbox did not start: $(cat sandbox.log)" >&2
  exit 1
}
eval "$settings"
export HELPCRUNCH_REQUESTS_PER_MINUTE=100000

terraform init -input=false
terraform test
