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
trap 'terraform destroy -auto-approve' EXIT
terraform apply -auto-approve

"$@"
