import ProcessTree

struct Cube: NodeProgram {
  var number: Int

  func run(in node: Node) async throws -> String {
    "\(node.host ?? "here"): \(number * number * number)"
  }
}

func runElsewhere(_ root: Node) async throws {
  let hosts: [Host] = [.command(["env"], name: "b", slots: 2), .command(["env"], name: "c")]
  try await root.withHosts(hosts) { hosts in
    let child = try await root.spawn(Cube(number: 3), on: hosts["c"] ?? hosts.all[0])
    print(child.name, try await child.result)  // Process-1 c: 27

    let cubes = try await root.withChildren(of: String.self, limit: hosts.slots) { group in
      for number in 1...4 { try await group.spawn(Cube(number: number), on: hosts) }
      return try await group.collect()
    }
    print(cubes.count)  // 4
  }
}

/// Needs Slurm, so nobody calls it here.
func runOnSlurm(_ root: Node) async throws {
  try await root.withSlurm(SlurmRequest(nodes: 3, time: .seconds(1_800))) { hosts in
    try await root.withHosts(hosts) { hosts in
      let child = try await root.spawn(Cube(number: 3), on: hosts)
      print(child.name, try await child.result)
    }
  }
}

/// The same for an array of jobs.
func runOnAnArray(_ root: Node, _ array: String) async throws {
  // sbatch --parsable --array=1-8 -N1 -c4 --no-requeue --wrap 'sleep infinity'
  let tasks = try root.hostsOfSlurmArray(array)
  try await root.withHosts(joining: tasks, minimum: 2) { hosts in
    let child = try await root.spawn(Cube(number: 3), on: hosts)
    print(child.name, try await child.result)
  }
}
