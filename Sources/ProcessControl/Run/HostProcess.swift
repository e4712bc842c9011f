import Glibc
import ProcessTreeBase
import ProcessTreeCProcessShims

/// Facts about the calling process.
///
/// They are not cached, because a forked child needs its own.
package enum HostProcess {
  package static var pid: Int32 { getpid() }
  package static var parentPID: Int32 { getppid() }
  package static var isMainThread: Bool { pt_thread_id() == getpid() }

  /// Whether a process may be below this one; false only if it adopts orphans and has no child.
  package static var mayHaveDescendants: Bool { pt_may_have_descendants() != 0 }

  /// The start time of a process, in clock ticks since boot; `nil` if it has ended.
  package static func startTime(of pid: Int32) -> UInt64? {
    var stat = pt_stat()
    guard pid > 0, pt_stat(pid, &stat) == 0 else { return nil }
    return stat.start_time
  }

  /// The path of the running binary, which may have been replaced or removed.
  package static var executablePath: String? { Files.link("/proc/self/exe") }

  /// A text that differs between any two builds of a program on one host.
  ///
  /// It has device, inode, size and modification time of the running file, even if its path now
  /// leads to another file.
  package static func buildIdentity() -> String { identityOfThisImage }

  /// Found once, for the clones of this process as well, which run the same file.
  private static let identityOfThisImage: String = {
    var file = stat()
    guard stat("/proc/self/exe", &file) == 0 else { return "unknown" }
    let numbers = [
      UInt64(file.st_dev), UInt64(file.st_ino), UInt64(clamping: file.st_size),
      UInt64(clamping: file.st_mtim.tv_sec), UInt64(clamping: file.st_mtim.tv_nsec),
    ]
    // Joining a list would have the runtime look for conformances.
    return numbers.dropFirst().reduce(into: String(numbers[0], radix: 16)) { text, number in
      text += "-" + String(number, radix: 16)
    }
  }()
}

/// The arguments of this process, as other processes may see them.
package enum ProcessArguments {
  private static let hidden = Lock<[Int: String]>([:])

  /// All of them, with stars in the places of hidden texts: a process that is started with the
  /// arguments of this one gets these.
  package static var visible: [String] {
    var arguments = CommandLine.arguments
    for (place, text) in hidden.withLock({ $0 }) { arguments[place] = text }
    return arguments
  }

  /// Overwrites the rest of each argument that is this text with stars, also in the memory that the
  /// kernel shows to all users.
  ///
  /// Call it before titles are set.
  ///
  /// - Parameter start: How many bytes stay as they are.
  package static func hide(_ argument: String, from start: Int) {
    let arguments = CommandLine.arguments
    for place in arguments.indices.dropFirst() where arguments[place] == argument {
      let shown = String(decoding: argument.utf8.prefix(start), as: UTF8.self)
      hidden.withLock { $0[place] = shown + "***" }
      guard place < Int(CommandLine.argc), let bytes = CommandLine.unsafeArgv[place] else {
        continue
      }
      let length = strlen(bytes)
      guard start < length else { continue }
      memset(bytes + start, Int32(UInt8(ascii: "*")), length - start)
    }
  }
}

/// The title that ps, top and pstree show for this process.
package enum ProcessTitle {
  /// Makes room for titles; call it once, in the root before the fork server is made, and first in
  /// a re-executed child.
  ///
  /// It moves the environment, whose memory a long title uses. Cloned children inherit the room.
  /// Without room, titles show only as the 15 bytes of the thread name.
  package static func prepare() {
    // The runtime reads them lazily, from memory that titles overwrite.
    _ = CommandLine.arguments.count
    _ = pt_title_prepare()
  }

  /// Shows a title, at most 1,023 bytes of it, with question marks for control characters.
  package static func set(_ title: String) {
    let visible = title.utf8.prefix(1023).map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }
    pt_title_set(String(decoding: visible, as: UTF8.self))
  }
}
