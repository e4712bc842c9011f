import Glibc
import ProcessTreeBase
import ProcessTreeCProcessShims

/// The threads of a process, as the kernel shows them and as they write their stacks themselves.
///
/// A thread writes its stack in the handler of a real-time signal, into a named pipe that the
/// process that asks has made: so it works when the thread does nothing else any more, takes no
/// memory, and the signal alone does nothing.
package enum ThreadStacks {
  /// What the kernel shows of a thread.
  package struct Thread: Sendable {
    package let id: Int32
    package let name: String
    package let state: Character
    package let kernelFunction: String?
    /// Why it will not write its stack; nil if it can be asked.
    package let refusal: String?
  }

  /// The signal that asks a thread for its stack.
  package static var signal: Int32 { pt_stacks_signal() }

  /// Lets the threads of this process write their stacks when they are asked, by pipes in a
  /// directory.
  ///
  /// A program that handles the signal itself keeps its handler.
  package static func answer(in directory: String) { _ = pt_stacks_answer(directory) }

  /// Does the part of `answer(in:)` that clones of this process need not repeat: a twentieth of
  /// their start.
  package static func prepare() { pt_stacks_prepare() }

  /// The threads of a process, the main thread first; none if it has ended.
  package static func threads(of pid: Int32, most: Int) -> [Thread] {
    let others = Files.numbers(in: "/proc/\(pid)/task").filter { $0 != pid }.sorted()
    return ([pid] + others).prefix(most).compactMap { thread(pid, $0) }
  }

  private static func thread(_ pid: Int32, _ id: Int32) -> Thread? {
    guard let status = Files.text(of: "/proc/\(pid)/task/\(id)/status") else { return nil }
    var fields: [Substring: Substring] = [:]
    for line in status.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 { fields[parts[0]] = parts[1].drop { $0.isWhitespace } }
    }
    let state = fields["State"]?.first ?? "?"
    let function = Files.text(of: "/proc/\(pid)/task/\(id)/wchan").flatMap {
      $0.isEmpty || $0 == "0" ? nil : $0
    }
    return Thread(
      id: id, name: fields["Name"].map { String($0) } ?? "", state: state, kernelFunction: function,
      refusal: refusal(state, blocked: fields["SigBlk"], caught: fields["SigCgt"]))
  }

  /// The signal ends a process that does not handle it, so it is sent to those alone that do.
  private static func refusal(
    _ state: Character, blocked: Substring?, caught: Substring?
  ) -> String? {
    func contains(_ mask: Substring?) -> Bool {
      let bits = mask.flatMap { UInt64($0, radix: 16) } ?? 0
      return bits & 1 << UInt64(signal - 1) != 0
    }
    if !contains(caught) { return "the process does not answer the signal" }
    if contains(blocked) { return "the thread blocks signals" }
    switch state {
    case "T", "t": return "the process is stopped"
    case "D": return "the kernel does not interrupt it"
    case "Z", "X": return "it has ended"
    default: return nil
    }
  }
}

/// One request to a thread for its stack; ended, its pipe is gone.
package struct StackRequest: ~Copyable {
  private let path: String
  private let pipe: Descriptor
  private let process: Int32
  private let thread: Int32

  /// Makes the pipe; `ask` then asks.
  package init(_ thread: Int32, of process: Int32, in directory: String) throws(ProcessControlError)
  {
    path = "\(directory)/\(process).\(thread).s"
    self.process = process
    self.thread = thread
    // What an earlier request has left, whose process has gone.
    unlink(path)
    guard mkfifo(path, 0o600) == 0 else { throw .system("mkfifo \(path)", errno) }
    let opened = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)
    guard let pipe = Descriptor(owning: opened) else {
      unlink(path)
      throw .last("open \(path)")
    }
    self.pipe = pipe
  }

  /// The reading end, lent: at its end once the thread has written its stack.
  package var descriptor: Int32 { pipe.number }

  /// Sends the signal.
  package func ask() throws(ProcessControlError) {
    let error = pt_stacks_ask(process, thread)
    guard error == 0 else { throw .system("tgkill", error) }
  }

  deinit { unlink(path) }
}
