#!/usr/bin/env bash
# Applies the workspaces side by side. They share one budget: together they
# spend no more than requests_per_minute.
set -euo pipefail

terraform init -input=false
pids=()
for region in eu us; do
  TF_WORKSPACE="$region" terraform apply -input=false -auto-approve -parallelism=100 &
  pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do
  wait "$pid" || failed=1 # and wait for the others all the same
done
exit "$failed"
