# By the id of the customer in HelpCrunch, a slash and the name of the tag
terraform import helpcrunch_customer_tag.vip 542335/vip
