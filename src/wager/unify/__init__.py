"""Events of many identities become one profile, each field with its source."""
