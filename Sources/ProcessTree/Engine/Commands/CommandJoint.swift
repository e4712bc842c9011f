internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks
internal import ProcessTreeProcessControl

/// A pipe from the standard output of one command to another command, each in a node of its own.
///
/// The bytes do not pass the nodes' channels. Both nodes open their end of the pipe under the
/// kernel's name of it, which is valid as long as this value keeps that end open.
package final class CommandJoint: Sendable {
  /// The path under which a node below opens the end that a command writes to.
  package let writingPath: String
  /// The path under which a node below opens the other end.
  package let readingPath: String
  private let reading: Descriptor
  private let writing: Lock<Descriptor?>

  /// Whether other processes of this user may open what this one has open.
  ///
  /// They may not if its executable may be run and not read, or gives it capabilities: then the
  /// kernel's directory is the superuser's.
  package static var isPossible: Bool {
    var status = stat()
    return stat("/proc/\(getpid())/fd", &status) == 0 && status.st_uid == geteuid()
  }

  /// - Throws: A `CommandError` if there is no descriptor left.
  package init() throws {
    do throws(ProcessControlError) {
      let pipe = try Descriptors.makePipe()
      Descriptors.widen(pipe.first.number, to: CommandRun.wideByteCount)
      readingPath = "/proc/\(getpid())/fd/\(pipe.first.number)"
      writingPath = "/proc/\(getpid())/fd/\(pipe.second.number)"
      reading = pipe.first
      writing = Lock(pipe.second)
    } catch {
      throw CommandError(.systemCallFailed, "A pipe between two commands cannot be made: \(error)")
    }
  }

  /// Ends what comes out of the pipe, once the command that writes to it has ended.
  package func finishWriting() { writing.withLock { $0 = nil } }
}

/// The end of a joint that a node reads.
package struct JointOutput: Sendable {
  private let reader: LoopBound<CommandOutputReader>

  /// Opens the end.
  ///
  /// - Parameter path: The joint's `readingPath`.
  package init(_ path: String, in node: Node) async throws {
    reader = try await node.runtime.run { runtime in
      let reader = try CommandOutputReader(
        try Descriptors.openFile(path, for: .reading), on: runtime.loop)
      reader.widen(to: CommandRun.wideByteCount)
      return LoopBound(reader, on: runtime.loop)
    }
  }

  /// The next bytes, as many as are there; nil at the end.
  package func next() async throws -> [UInt8]? {
    guard reader.loop.isCurrent else {
      return try await withTaskExecutorPreference(reader.loop) {
        try await reader.value.next(.chunk)
      }
    }
    return try await reader.value.next(.chunk)
  }
}
