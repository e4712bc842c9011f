import Pools
import ProcessTree
import ProcessTreeScenarios
import ProcessTreeTestSettings
import ProcessTreeTesting

/// Hosts that are tasks of an array of Slurm; the first argument of the scenarios is its number.
let slurmScenarios: [String: Scenario] = [
  // One attempt for each input, so that a death that counts against one is seen.
  "cancelledTask": { root, test in
    let tasks = try await runningTasks(in: root)
    test.equal(tasks.count, 2)
    try await root.withHosts(tasks.map(host)) { hosts in
      try await root.withPool(on: hosts, options: PoolOptions(attempts: 1)) { pool in
        async let results = pool.map(over: 1...10_000, using: Slowly())
        _ = try await eventually { pool.progress.completed > 300 }
        _ = try await root.run(Command("scancel", [tasks[0].name]))
        test.equal(try await results.reduce(0, +), 10_000 * 10_001 / 2)
        test.equal(pool.progress.quarantined, 0)
        print("\(pool.progress)")
      }
      test.expect(hosts.all[0].state != .up, "the host of the task is up")
      test.equal(hosts.all[1].state, .up)
    }
  },

  // The second argument is a job that keeps other tasks of the array from running.
  "lateTasks": { root, test in
    let arguments = CommandLine.arguments.dropFirst(2)
    try await root.withHosts(joining: root.hostsOfSlurmArray(arguments.first ?? "")) { hosts in
      let first = hosts.all.count
      try await root.withPool(on: hosts) { pool in
        async let results = pool.map(over: 1...20_000, using: Slowly())
        _ = try await eventually { pool.progress.completed > 300 }
        test.equal(pool.size, hosts.slots)
        _ = try await root.run(Command("scancel", Array(arguments.suffix(1))))
        let areUsed = try await eventually {
          hosts.all.count == first + 2 && hosts.all.allSatisfy { $0.nodeCount == 2 }
        }
        test.expect(areUsed, "\(hosts.all.map(\.nodeCount)) workers on the hosts")
        test.equal(pool.size, hosts.slots)
        print("\(first) host and 2 late ones after \(pool.progress.completed) inputs")
        test.equal(try await results.reduce(0, +), 20_000 * 20_001 / 2)
      }
    }
  },
]

/// A task of an array: a job of its own, which `srun` knows by its number, and `scancel` by its
/// name, such as `7_2`.
private struct ArrayTask: Equatable {
  var name: String
  var job: String
}

/// The running tasks of the array.
private func runningTasks(in root: Node) async throws -> [ArrayTask] {
  let words = ["--noheader", "--states", "running", "--format", "%i %A", "--jobs"]
  let array = CommandLine.arguments.dropFirst(2).prefix(1)
  return try await root.capture(Command("squeue", words + Array(array))).outputText
    .split(separator: "\n").map { line in
      let words = line.split(separator: " ").map(String.init)
      return ArrayTask(name: words[0], job: words[1])
    }
}

/// The node of a task as a host.
private func host(of task: ArrayTask) -> Host {
  .command(
    ["srun", "-Q", "--jobid=\(task.job)", "-N1", "-n1", "--overlap", "--mem=0", "--cpu-bind=none"],
    name: "task-\(task.name)", slots: 2)
}
