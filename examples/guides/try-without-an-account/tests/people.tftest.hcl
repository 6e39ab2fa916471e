variables {
  people = {
    "crm-17" = { name = "Ada Lovelace", plan = "gold" }
    "crm-18" = { name = "Grace Hopper", plan = "silver" }
  }
}

run "gold_is_vip" {
  assert {
    condition     = one(helpcrunch_customer.person["crm-17"].tags).name == "vip"
    error_message = "The plan gold does not give the tag vip."
  }
  assert {
    condition     = length(helpcrunch_customer.person["crm-18"].tags) == 0
    error_message = "The plan silver gives a tag."
  }
}

run "losing_gold_takes_the_tag_off" {
  variables {
    people = {
      "crm-17" = { name = "Ada Lovelace", plan = "silver" }
    }
  }
  assert {
    condition     = length(helpcrunch_customer.person["crm-17"].tags) == 0
    error_message = "The tag vip is still there."
  }
}
