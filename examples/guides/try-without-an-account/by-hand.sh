sandbox=http://127.0.0.1:8080/_sandbox

# Who is there, and what has it cost?
curl "$sandbox/customers"
curl "$sandbox/counts"

# A colleague changes a customer: the next plan shows it.
curl -X PATCH -d '{"name": "Somebody Else"}' "$sandbox/customers/542335"

# The next update is carried out, and its answer is lost: terraform apply sends
# it again, and succeeds.
curl -d '{"operation": "patch", "kind": "drop-after"}' "$sandbox/faults"

# Somebody comes through the chat: a customer to adopt.
curl -d '{"userId": "crm-18", "name": "Grace Hopper", "tags": ["vip"]}' "$sandbox/customers"

# From now on HelpCrunch adds tags instead of replacing them, which the next
# apply that changes tags has to cope with; false ends it.
curl -X PATCH -d '{"tags-append": true}' "$sandbox/switches"
