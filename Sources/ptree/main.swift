print("ptree")
