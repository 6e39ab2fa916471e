#!/usr/bin/env bash
# Seeds the accounts of an environment, runs the tests, and takes the accounts
# away again, also where the tests fail:
#
#     ./job.sh pull-request-17 make end-to-end-tests
set -euo pipefail

export TF_IN_AUTOMATION=1 TF_INPUT=0
export TF_VAR_environment="$1"
shift

terraform init
terraform workspace select -or-create "$TF_VAR_environment" # a state of its own
export TF_WORKSPACE="$TF_VAR_environment"                   # whichever another job selects in this folder
# An apply that was told to stop has the lock for as long as it finishes what is under way.
trap 'terraform destroy -auto-approve -lock-timeout=5m' EXIT
terraform apply -auto-approve

"$@"
