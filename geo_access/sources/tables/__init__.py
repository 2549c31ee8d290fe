"""Reading users' tables: text, columns, points, streams, what was lost."""
