import Glibc
import ProcessTree

/// Takes everything, one element at a time; its result is the number of elements.
struct Sink: NodeProgram {
  static var spawnsChildren: Bool { false }

  var receiver: Receiver<[UInt8]>

  func run(in node: Node) async throws -> Int {
    var count = 0
    for try await bytes in receiver { count += bytes.isEmpty ? 0 : 1 }
    return count
  }
}

/// Takes everything in batches.
struct BatchSink: NodeProgram {
  static var spawnsChildren: Bool { false }

  var receiver: Receiver<[UInt8]>

  func run(in node: Node) async throws -> Int {
    var count = 0
    for try await batch in receiver.batches { count += batch.count }
    return count
  }
}

/// Takes everything in batches of slices.
struct ByteBatchSink: NodeProgram {
  static var spawnsChildren: Bool { false }

  var receiver: Receiver<[UInt8]>

  func run(in node: Node) async throws -> Int {
    var count = 0
    for try await batch in receiver.byteBatches {
      for bytes in batch { count += bytes.isEmpty ? 0 : 1 }
    }
    return count
  }
}

/// Takes large items and touches each cache line of them where they are.
struct TouchingSink: NodeProgram {
  static var spawnsChildren: Bool { false }

  var receiver: Receiver<SharedBytes>

  func run(in node: Node) async throws -> Int {
    var (count, sum) = (0, 0)
    for try await bytes in receiver {
      bytes.withUnsafeBytes { buffer in
        for offset in stride(from: 0, to: buffer.count, by: 64) { sum &+= Int(buffer[offset]) }
      }
      count += 1
    }
    return sum == -1 ? 0 : count
  }
}

/// Takes large items and copies each, as the peer in Python does.
struct CopyingSink: NodeProgram {
  static var spawnsChildren: Bool { false }

  var receiver: Receiver<SharedBytes>

  func run(in node: Node) async throws -> Int {
    var (count, copy) = (0, [UInt8]())
    for try await bytes in receiver {
      if copy.count != bytes.count { copy = [UInt8](repeating: 0, count: bytes.count) }
      copy.withUnsafeMutableBytes { target in
        bytes.withUnsafeBytes { target.copyMemory(from: $0) }
      }
      count += 1
    }
    return copy.isEmpty ? 0 : count
  }
}

/// Row E: items of one size, one way, sent as they are received: one by one or many at a time.
func measureStream(_ root: Node, size: Int, count: Int, name: String) async throws {
  let unit = size < 4_096 ? "items/s" : "MB/s"
  let scale = size < 4_096 ? 1e6 : Double(size)
  let bytes = [UInt8](repeating: 7, count: size)
  for way in ["elements", "batches", "byte-batches"] {
    let (sender, receiver) = root.makePipe(of: [UInt8].self)
    let child: Child<Int> =
      switch way {
      case "elements": try await root.spawn(Sink(receiver: receiver))
      case "batches": try await root.spawn(BatchSink(receiver: receiver))
      default: try await root.spawn(ByteBatchSink(receiver: receiver))
      }
    try await sender.send(bytes)
    try await sender.join()
    let start = now()
    if way == "elements" {
      for _ in 1..<count { try await sender.send(bytes) }
    } else {
      try await send(count - 1, of: bytes, by: sender)
    }
    sender.finish()
    guard try await child.result == count else { root.exit("items were lost") }
    let rate = Double(count) / (now() - start) * scale
    report("\(name)-\(way)", rate, unit)
  }
}

/// Sends an element so many times, in arrays of 500.
func send(_ count: Int, of bytes: [UInt8], by sender: Sender<[UInt8]>) async throws {
  let many = [[UInt8]](repeating: bytes, count: 500)
  for start in stride(from: 0, to: count, by: many.count) {
    try await sender.send(contentsOf: many.prefix(count - start))
  }
}

/// Row E: large items through shared memory; the sender copies them in, the receiver reads them
/// there, or copies them out.
func measureShared(_ root: Node, size: Int, count: Int, name: String) async throws {
  for way in ["shared", "shared-copied"] {
    let (sender, receiver) = root.makePipe(of: SharedBytes.self)
    let child: Child<Int> =
      switch way {
      case "shared": try await root.spawn(TouchingSink(receiver: receiver))
      default: try await root.spawn(CopyingSink(receiver: receiver))
      }
    let bytes = SharedBytes([UInt8](repeating: 7, count: size))
    for _ in 1...20 { try await sender.send(bytes) }
    try await sender.join()
    let start = now()
    for _ in 0..<count { try await sender.send(bytes) }
    sender.finish()
    guard try await child.result == count + 20 else { root.exit("items were lost") }
    report("\(name)-\(way)", Double(count) / (now() - start) * Double(size), "MB/s")
  }
}

/// Small elements from a task of this node to another, for counting instructions: one process, one
/// thread, no waiting.
func measureInside(_ root: Node, count: Int) async throws {
  let (sender, receiver) = root.makePipe(of: [UInt8].self)
  let bytes = [UInt8](repeating: 7, count: 64)
  let start = now()
  async let received = {
    var count = 0
    for try await bytes in receiver { count += bytes.isEmpty ? 0 : 1 }
    return count
  }()
  for _ in 0..<count { try await sender.send(bytes) }
  sender.finish()
  guard try await received == count else { root.exit("items were lost") }
  report("inside-elements", Double(count) / (now() - start) * 1e6, "items/s")
}
