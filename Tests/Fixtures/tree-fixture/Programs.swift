import Glibc
import ProcessTree

/// The simplest program.
struct Square: NodeProgram {
  static var spawnsChildren: Bool { false }
  var number: Int
  func run(in node: Node) async throws -> Int { number * number }
}

/// Returns nothing.
struct Nothing: NodeProgram {
  func run(in node: Node) async throws {}
}

/// Returns what it was given.
struct Echo<Value: Codable & Sendable>: NodeProgram {
  var value: Value
  func run(in node: Node) async throws -> Value { value }
}

/// Programs may be nested in other types.
enum Outer {
  struct Inner: NodeProgram {
    func run(in node: Node) async throws -> String { "inner" }
  }
}

/// Cannot be found by its name; the app lists it.
private struct Hidden: NodeProgram {
  func run(in node: Node) async throws -> Int { 7 }
}

/// Cannot be found by its name, and nobody lists it.
private struct Unlisted: NodeProgram {
  func run(in node: Node) async throws -> Int { 8 }
}

extension Node {
  func makeUnlisted() throws { _ = try makeChild(Unlisted()) }
}

/// Stands in the app's list.
struct Listed: NodeProgram {
  func run(in node: Node) async throws -> Int { 9 }
}

/// What a node sees of itself.
struct Identity: Codable, Sendable, Equatable {
  var name: String
  var path: String
  var pid: Int32
  var parentName: String?
  var parentPID: Int32?
  var osParentPID: Int32
  var isDaemon: Bool
  var title: String
  var descriptors: [Int32]
}

/// Reports what it sees of itself.
struct WhoAmI: NodeProgram {
  /// Whether it stays until its parent sends it something.
  var waits = false

  func run(in node: Node) async throws -> Identity {
    if waits, let parent = node.parent {
      for try await _ in try await parent.messages(of: Int.self) { break }
    }
    var descriptors: [Int32] = []
    for number in 0..<Int32(1_024) where fcntl(number, F_GETFD) >= 0 { descriptors.append(number) }
    return Identity(
      name: node.name, path: node.path, pid: node.pid, parentName: node.parent?.name,
      parentPID: node.parent?.pid, osParentPID: getppid(), isDaemon: node.isDaemon,
      title: readFile("/proc/self/cmdline"), descriptors: descriptors)
  }
}

/// Lives until it is stopped.
struct Sleeper: NodeProgram {
  func run(in node: Node) async throws {
    while true { try await Task.sleep(for: .seconds(3_600)) }
  }
}

/// Spawns a chain of nodes below itself and returns the names on the way down.
struct Chain: NodeProgram {
  var depth: Int
  func run(in node: Node) async throws -> [String] {
    guard depth > 1 else { return [node.name] }
    return [node.name] + (try await node.spawn(Chain(depth: depth - 1)).result)
  }
}

/// A tree of sleepers that report when their subtree is up.
struct Bush: NodeProgram {
  var depth: Int
  var fanOut: Int
  /// Every so many nodes leave a daemonised program behind.
  var daemonEvery: Int = 0

  func run(in node: Node) async throws {
    if daemonEvery > 0, Int(node.pid) % daemonEvery == 0 { daemonise() }
    if depth > 0 {
      for _ in 0..<fanOut {
        _ = try await node.spawn(Bush(depth: depth - 1, fanOut: fanOut, daemonEvery: daemonEvery))
      }
    }
    while true { try await Task.sleep(for: .seconds(3_600)) }
  }
}

/// Starts a program that leaves its session, its parents and its environment behind.
func daemonise() {
  let quiet = "</dev/null >/dev/null 2>&1"
  let script = "setsid sh -c 'env -i sleep 987654 \(quiet) &' \(quiet)"
  _ = script.withCString { system($0) }
}

func readFile(_ path: String) -> String {
  guard let file = fopen(path, "r") else { return "" }
  defer { fclose(file) }
  var bytes = [UInt8](repeating: 0, count: 65_536)
  let count = fread(&bytes, 1, bytes.count, file)
  return String(decoding: bytes.prefix(count).map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
}
