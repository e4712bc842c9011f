import PtreeCommands

// Before anything else: the fork server is made here, while the process has one thread.
Ptree.main()
