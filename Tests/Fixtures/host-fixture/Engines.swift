import Glibc
import ProcessTree
import ProcessTreeTestSettings
import Synchronization

/// A command of an engine that relays: a shell with two processes.
///
/// One carries what goes there, and the other what comes from there. They can be killed, and
/// stopped.
struct Engine {
  enum Way: CaseIterable {
    case there
    case back
    case both
    /// The shell as well.
    case everything
  }

  let shell: Int32
  private let carriers: [Int32]

  init?(shell: Int32) {
    let carriers = children(of: shell).filter { name(of: $0) == "cat" }
    guard carriers.count == 2 else { return nil }
    self.shell = shell
    self.carriers = carriers
  }

  private func processes(_ way: Way) -> [Int32] {
    switch way {
    case .there: [carriers[0]]
    case .back: [carriers[1]]
    case .both: carriers
    case .everything: carriers + [shell]
    }
  }

  /// Cuts the connection.
  func cut(by way: Way) { for pid in processes(way) { kill(pid, SIGKILL) } }

  /// Nothing gets through any more, and nothing ends.
  func stall(_ way: Way) { for pid in processes(way) { kill(pid, SIGSTOP) } }

  private static let downFile = "/tmp/ptree-down-\(getpid())"

  /// The command: it fails while the way is down.
  static var words: [String] {
    // The shell keeps neither stream: the end of a carrier is that of its direction.
    let script = """
      [ -e "$0" ] && exit 9
      exec 3<&0 4>&1
      cat <&3 3<&- 4>&- | "$@" 3<&- 4>&- | cat >&4 3<&- 4>&- &
      exec 3<&- 4>&- </dev/null >/dev/null
      wait
      """
    return ["sh", "-c", script, downFile]
  }

  /// Whether no new command gets through.
  static var isDown: Bool {
    get { access(downFile, F_OK) == 0 }
    set {
      if newValue { fopen(downFile, "w").map { _ = fclose($0) } } else { unlink(downFile) }
    }
  }
}

/// Another host on this machine, behind such an engine.
func relayed(_ name: String) -> Host { .command(Engine.words, name: name) }

/// The engine's commands of host b that carry something.
func engines(of root: Node) -> [Engine] {
  children(of: keeper(of: root)).compactMap(Engine.init(shell:))
}

/// The name that a process has for itself.
private func name(of pid: Int32) -> String {
  guard let stream = fopen("/proc/\(pid)/comm", "r") else { return "" }
  defer { fclose(stream) }
  var line = [CChar](repeating: 0, count: 32)
  guard fgets(&line, 32, stream) != nil else { return "" }
  return String(decoding: line.prefix { $0 > 31 }.map { UInt8($0) }, as: UTF8.self)
}

/// Numbers that a seed decides.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }
}

/// How far those have come who use a host while it is cut.
final class Progress: Sendable {
  private let rounds = Atomic(0)
  private let hasEnded = Atomic(false)

  var count: Int { rounds.load(ordering: .acquiring) }
  func note() { rounds.add(1, ordering: .acquiringAndReleasing) }

  var isOver: Bool { hasEnded.load(ordering: .acquiring) }
  func end() { hasEnded.store(true, ordering: .releasing) }
}

/// The socket of a far half.
func socket(of agent: Int32) -> String? {
  let place = String(cString: getenv("TMPDIR") ?? strdup("/tmp")) + "/process-tree-\(getuid())"
  var found = glob_t()
  defer { globfree(&found) }
  guard glob("\(place)/*/\(agent).a", 0, nil, &found) == 0, let path = found.gl_pathv[0] else {
    return nil
  }
  return String(cString: path)
}

/// Sends something to a socket; returns what comes until it is closed.
func talk(to path: String, _ word: String) -> String {
  let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(number) }
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
  let status = withUnsafePointer(to: address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
  guard status == 0 else { return "no connection" }
  _ = send(number, word, word.utf8.count, Int32(MSG_NOSIGNAL))
  shutdown(number, Int32(SHUT_WR))
  var byte: UInt8 = 0
  return read(number, &byte, 1) == 0 ? "" : "something"
}
