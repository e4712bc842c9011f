import ProcessTree
import PtreeCommands

Ptree.performWithoutTree()
// Before anything else: the fork server is made here, while the process has one thread.
Ptree.takeOver()
