"""Reports: one offline HTML page each."""
