import Glibc
import ProcessTree
import ProcessTreeScenarios

/// The first child of a node runs out of memory, then a second; one that is killed later is not taken
/// for a third.
func runsOutOfMemory(_ root: Node, _ test: Expectations, _ group: MemoryGroup) async throws {
  let child = try await root.spawn(TakesMemory(group: group))
  _ = try await child.join()
  test.equal(child.exitReport?.cause, .outOfMemory)
  let victim = try await root.spawn(Sleeper())
  let second = try await root.spawn(TakesMemory(group: group))
  _ = try await second.join()
  test.equal(second.exitReport?.cause, .outOfMemory)
  // The parent uses the kernel's count of kills for a second; this kill comes later.
  try await Task.sleep(for: .milliseconds(1_500))
  kill(victim.pid ?? -1, SIGKILL)
  _ = try await victim.join()
  test.equal(victim.exitReport?.cause, .killed(signal: SIGKILL))
  // A leaf of another node.
  let parent = try await root.spawn(HasHungryChild(group: group))
  let cause = try await parent.result
  test.equal(cause, .outOfMemory)
}

/// A control group with a limit on memory, of either version.
struct MemoryGroup: Codable {
  let path: String

  /// Makes one; nil where that is not possible.
  init?(megabytes: Int) {
    let bytes = "\(megabytes << 20)"
    let name = "process-tree-test-\(getpid())"
    for (parent, file) in [
      ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max"),
    ] {
      let path = "\(parent)/\(name)"
      guard mkdir(path, 0o755) == 0 else { continue }
      if Self.write(bytes, to: "\(path)/\(file)") {
        // No way out over the swap.
        _ = Self.write("0", to: "\(path)/memory.swap.max")
        _ = Self.write(bytes, to: "\(path)/memory.memsw.limit_in_bytes")
        self.path = path
        return
      }
      rmdir(path)
    }
    return nil
  }

  /// Moves this process into the group.
  func join() -> Bool { Self.write("0", to: "\(path)/cgroup.procs") }

  func remove() {
    // Those that have just ended leave it a moment later.
    for _ in 0..<100 where rmdir(path) != 0 { usleep(20_000) }
  }

  private static func write(_ text: String, to path: String) -> Bool {
    let descriptor = open(path, O_WRONLY)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return text.withCString { Glibc.write(descriptor, $0, strlen($0)) } > 0
  }
}

/// Takes memory in a group until there is no more.
struct TakesMemory: NodeProgram {
  static var spawnsChildren: Bool { false }
  var group: MemoryGroup

  func run(in node: Node) async throws -> Bool {
    guard group.join() else { return false }
    let size = 16 << 20
    for _ in 0..<1_000 {
      if let memory = malloc(size) { memset(memory, 1, size) }
    }
    return true
  }
}

/// Has a child that takes all the memory, and tells what became of it.
struct HasHungryChild: NodeProgram {
  var group: MemoryGroup
  func run(in node: Node) async throws -> ExitCause? {
    let child = try await node.spawn(TakesMemory(group: group))
    _ = try await child.join()
    return child.exitReport?.cause
  }
}
