import Glibc
import ProcessTree
import ProcessTreeScenarios

/// The first child of a node runs out of memory, then a second; one that is killed later is not
/// taken for a third, nor is one that another group's lack of memory could have killed.
func runsOutOfMemory(_ root: Node, _ test: Expectations, _ group: MemoryGroup) async throws {
  let parent = try await root.spawn(HasHungryChildren(group: group))
  let outOfMemory = ExitCause.outOfMemory
  let killed = ExitCause.killed(signal: SIGKILL)
  test.equal(try await parent.result, [outOfMemory, outOfMemory, killed])
  // The root is in another group, and version 1 counts for each alone.
  guard group.countsAlone else { return }
  let hungry = try await root.spawn(TakesMemory(group: group))
  _ = try await hungry.join()
  test.equal(hungry.exitReport?.cause, killed)
}

/// A control group with a limit on memory, of either version.
struct MemoryGroup: Codable {
  let path: String
  /// Whether the kernel counts kills for this group and not for those above it.
  let countsAlone: Bool

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
        countsAlone = file == "memory.limit_in_bytes"
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
      guard let memory = malloc(size) else { continue }
      memset(memory, 1, size)
      // The compiler leaves out memory that no call sees.
      _ = write(-1, memory, 1)
    }
    return true
  }
}

/// Has children that take all the memory of its group, and one that is killed; reports their
/// causes.
struct HasHungryChildren: NodeProgram {
  var group: MemoryGroup

  func run(in node: Node) async throws -> [ExitCause?] {
    // The kernel counts kills for the group of those that it killed, and a node asks for its own.
    guard group.join() else { return [] }
    var causes: [ExitCause?] = []
    let victim = try await node.spawn(Sleeper())
    for _ in 0..<2 {
      let child = try await node.spawn(TakesMemory(group: group))
      _ = try await child.join()
      causes.append(child.exitReport?.cause)
    }
    // A node uses the kernel's count of kills for a second; this kill comes later.
    try await Task.sleep(for: .milliseconds(1_500))
    kill(victim.pid ?? -1, SIGKILL)
    _ = try await victim.join()
    causes.append(victim.exitReport?.cause)
    return causes
  }
}
