# By the id of the customer in HelpCrunch
terraform import helpcrunch_customer.ada 542335

# By a key of your own
terraform import helpcrunch_customer.ada user_id:crm-17

# By the e-mail address, where only one customer has it
terraform import helpcrunch_customer.ada email:ada@example.com
