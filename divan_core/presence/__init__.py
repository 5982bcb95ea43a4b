"""Who is online, and who is near whom, without telling anyone where anyone is."""
