"""The nouns: frozen structs that go between the rooms."""
