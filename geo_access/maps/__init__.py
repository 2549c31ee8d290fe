"""Room 8: what people look at — interactive maps, print sheets, palettes."""
