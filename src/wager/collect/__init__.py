"""Raw payloads become events, or rejections that say why."""
