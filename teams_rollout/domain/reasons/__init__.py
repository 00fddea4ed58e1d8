"""The words behind the codes, by what they are about. Pure; `domain.codes` is the way in."""
