"""Room 2: tables become arrays — streets, timetable, links between them, storage."""
