internal import Glibc
internal import ProcessTreeTopologyFormat

/// The run of a topology file in a session of its own, and its reports to the process that started
/// it.
enum DetachedRun {
  /// What the starter hears, with a zero byte behind each.
  enum Word: Equatable {
    /// All nodes are up or have ended.
    case up(run: String)
    /// The run has ended, with this code and account.
    case ended(Int32, String)

    var text: String {
      switch self {
      case .up(let run): "up \(run)"
      case .ended(let code, let account): "ended \(code) \(account)"
      }
    }

    init?(_ text: String) {
      let words = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
      switch (words.first, words.count) {
      case ("up", 2...): self = .up(run: String(words[1]))
      case ("ended", 3):
        guard let code = Int32(words[1]) else { return nil }
        self = .ended(code, String(words[2]))
      default: return nil
      }
    }
  }

  /// In the process of the run: where its words go; -1 in all others, and after the last.
  private nonisolated(unsafe) static var pipe: Int32 = -1

  /// Splits the process: returns in the one that becomes the run, and never in the one that waits
  /// for it.
  ///
  /// To be called while the process has one thread.
  static func begin(_ topology: TopologyPlan, _ options: DetachSettings, isJSON: Bool) throws {
    let log = try options.log.map(openLog)
    var ends: [Int32] = [-1, -1]
    guard Glibc.pipe(&ends) == 0 else { throw failure("pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let pid = fork()
    guard pid >= 0 else { throw failure("fork") }
    guard pid == 0 else {
      close(ends[1])
      var starter = DetachedStarter(
        pid: pid, pipe: ends[0], topology, isJSON: isJSON)
      exit(starter.wait(within: options.wait.duration))
    }
    close(ends[0])
    pipe = ends[1]
    // No terminal, so none of its signals, and nobody who closes the output.
    setsid()
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    dup2(null, STDIN_FILENO)
    for descriptor in [STDOUT_FILENO, STDERR_FILENO] { dup2(log ?? null, descriptor) }
  }

  /// Reports to the starter.
  static func tell(_ word: Word) {
    guard pipe >= 0 else { return }
    // A starter that has gone hears nothing.
    try? TextStream(descriptor: pipe, name: "the starter").write(word.text + "\0")
    guard case .ended = word else { return }
    close(pipe)
    pipe = -1
  }

  private static func openLog(_ path: String) throws -> Int32 {
    let bytes = RawArguments.bytes(of: path).map { CChar(bitPattern: $0) } + [0]
    let descriptor = open(bytes, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0o600)
    guard descriptor >= 0 else {
      throw UsageError("\(path) cannot be opened: \(String(cString: strerror(errno)))")
    }
    return descriptor
  }

  private static func failure(_ call: String) -> UsageError {
    UsageError("the run cannot be detached: \(call): \(String(cString: strerror(errno)))")
  }
}
