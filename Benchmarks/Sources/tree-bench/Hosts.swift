import Glibc
import ProcessTree

/// Sends a given number of elements.
struct Source: NodeProgram {
  static var spawnsChildren: Bool { false }

  var sender: Sender<[UInt8]>
  var count: Int
  var size: Int

  func run(in node: Node) async throws {
    let bytes = [UInt8](repeating: 7, count: size)
    for _ in 0..<count { try await sender.send(bytes) }
    sender.finish()
  }
}

/// What lies between this machine and a host: a destination of `ssh`, or this machine with `local`.
func measureHost(_ root: Node, _ destination: String) async throws {
  let host: Host =
    destination == "local" ? .command(["env"], name: "local") : .ssh(destination)
  try await root.withHosts([host]) { hosts in
    let place = hosts.all[0]
    try await measureRoundTrip(root, on: place)
    var starts: [Double] = []
    for _ in 0..<50 {
      let start = now()
      guard try await root.spawn(Leaf(number: 7), on: place).result == 42 else { root.exit(1) }
      starts.append(now() - start)
    }
    report("start", median(starts), "us")
    try await measureWays(root, on: place, size: 64 << 10, count: 4_000)
  }
}

/// Elements to a host, and from there.
private func measureWays(_ root: Node, on place: OpenHost, size: Int, count: Int) async throws {
  let bytes = [UInt8](repeating: 7, count: size)
  let (sender, far) = root.makePipe(of: [UInt8].self)
  let sink = try await root.spawn(Sink(receiver: far), on: place)
  try await sender.send(bytes)
  try await sender.join()
  var start = now()
  for _ in 1..<count { try await sender.send(bytes) }
  sender.finish()
  guard try await sink.result == count else { root.exit("items were lost") }
  report("there", Double(count - 1) / (now() - start) * Double(size), "MB/s")

  let (source, receiver) = root.makePipe(of: [UInt8].self)
  let child = try await root.spawn(Source(sender: source, count: count, size: size), on: place)
  var received = 0
  start = 0
  for try await _ in receiver {
    if received == 0 { start = now() }
    received += 1
  }
  guard received == count else { root.exit("items were lost") }
  report("back", Double(count - 1) / (now() - start) * Double(size), "MB/s")
  try await child.result
}
