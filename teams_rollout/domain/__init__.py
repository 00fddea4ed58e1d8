"""Pure core: models, planning, transitions, reasons. No I/O."""
