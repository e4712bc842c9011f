import Glibc
import ProcessTree
import ProcessTreeTesting
import Testing

/// Ends in the middle of a call, with something on its stack and in its channels.
private struct Quitter: NodeProgram {
  func run(in node: Node) async throws {
    let (sender, receiver) = node.makeChannel(of: [UInt8].self)
    try await sender.send([UInt8](repeating: 7, count: 20_000))
    defer { withExtendedLifetime((sender, receiver)) {} }
    node.exit(3)
  }
}

@Suite(.serialized) struct FootprintTests {
  /// The bytes of memory that the process uses.
  private var resident: Int {
    let file = open("/proc/self/statm", O_RDONLY)
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = max(0, read(file, &bytes, bytes.count))
    let fields = String(decoding: bytes.prefix(count), as: UTF8.self).split(separator: " ")
    return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
  }

  private func play(_ seed: UInt64, exits: Bool) async throws {
    try await withTestTree(programs: [Quitter.self], clock: .virtual, seed: seed) { root in
      for _ in 0..<3 {
        if exits {
          let child = try await root.spawn(Quitter())
          #expect(try await child.join() == .exited(3))
        } else {
          _ = try await root.spawn(Branch(depth: 1)).result
        }
      }
    }
  }

  /// The call of `exit()` that never returns keeps what is on its stack; the rest of the node goes.
  @Test(arguments: [false, true])
  func memoryIsFlatAfterManyTrees(exits: Bool) async throws {
    for seed in 0..<50 { try await play(UInt64(seed), exits: exits) }
    let before = resident
    let count = 200
    for seed in 0..<count { try await play(UInt64(seed), exits: exits) }
    let growth = (resident - before) / count
    #expect(growth < 150_000, "each tree leaves \(growth) bytes")
  }

  @Test func descriptorsAndThreadsAreFlat() async throws {
    try await play(1, exits: true)
    let before = ResourceAudit.now()
    for seed in 0..<30 { try await play(UInt64(seed), exits: true) }
    let after = ResourceAudit.now()
    #expect(after.descriptors == before.descriptors)
    #expect(after.threads <= before.threads + 2)
  }
}
