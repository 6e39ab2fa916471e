data "helpcrunch_customer" "ada" {
  email = "ada@example.com"
}

output "ada_tags" {
  value = [for tag in data.helpcrunch_customer.ada.tags : tag.name]
}
