import Glibc
import ProcessTree

struct Leaf: NodeProgram {
  static var spawnsChildren: Bool { false }
  var number: Int
  func run(in node: Node) async throws -> Int { number + 35 }
}

/// The same, with a fork server of its own.
struct Inner: NodeProgram {
  var number: Int
  func run(in node: Node) async throws -> Int { number + 35 }
}

struct Sum: NodeProgram {
  var depth: Int
  var fanOut: Int
  func run(in node: Node) async throws -> Int {
    try await node.withChildren(of: Int.self, limit: .max) { group in
      for _ in 0..<fanOut {
        if depth > 1 {
          try await group.spawn(Sum(depth: depth - 1, fanOut: fanOut))
        } else {
          try await group.spawn(Leaf(number: -34))
        }
      }
      return try await group.reduce(0, +)
    }
  }
}

struct Echo: NodeProgram {
  static var spawnsChildren: Bool { false }
  func run(in node: Node) async throws {
    guard let parent = node.parent else { return }
    for try await bytes in try await parent.messages(of: [UInt8].self) {
      if bytes.isEmpty { return }
      try await parent.send(bytes)
    }
  }
}

struct Idle: NodeProgram {
  func run(in node: Node) async throws {
    guard let parent = node.parent else { return }
    for try await _ in try await parent.messages(of: Int.self) {}
  }
}

struct IdleLeaf: NodeProgram {
  static var spawnsChildren: Bool { false }
  func run(in node: Node) async throws {
    guard let parent = node.parent else { return }
    for try await _ in try await parent.messages(of: Int.self) {}
  }
}
