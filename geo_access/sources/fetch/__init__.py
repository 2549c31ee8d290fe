"""Open data of a territory, downloaded and kept."""
