import Glibc
import ProcessTreeCProcessShims

/// Starts children by executing the own binary again.
///
/// For programs whose main thread is not ours, and for input that is not trusted: forked siblings
/// share their address layout. Such children have the usual exit signal: other code's `waitpid(-1)`
/// can take their status.
package enum Spawner {
  /// Starts the running binary with arguments, the first of which is its name, and an environment.
  ///
  /// The child has descriptors 0 to 3 only, a session of its own, and otherwise what this process was
  /// started with: signals that were ignored or blocked, the limit on open files. It calls `ChildSetup.adopt(tag:parentPID:)` first thing. To be called on a thread that lives as
  /// long as the process: the child dies with it.
  package static func spawn(
    arguments: [String], environment: [String], descriptors: ChildDescriptors
  ) throws(ProcessControlError) -> ProcessHandle {
    for text in arguments + environment where text.utf8.contains(0) {
      throw ProcessControlError(
        .invalidArgument, call: "spawn",
        "remove the zero byte from \(text.prefix(256).debugDescription)")
    }
    guard !arguments.isEmpty else {
      throw ProcessControlError(.invalidArgument, call: "spawn", "name the program first")
    }
    let cArguments = CStrings(arguments)
    let cEnvironment = CStrings(environment)
    var pid: Int32 = -1
    var pidfd: Int32 = -1
    let error = pt_spawn(
      cArguments.pointers, cEnvironment.pointers, descriptors.inOrder, &pid, &pidfd)
    withExtendedLifetime((cArguments, cEnvironment)) {}
    guard error == 0 else { throw .clone("spawn", error) }
    return ProcessHandle(pid: pid, pidfd: pidfd)
  }
}

/// A list of C strings ended by a null pointer, as `execve` takes it.
private final class CStrings {
  let pointers: [UnsafeMutablePointer<CChar>?]

  init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }

  deinit {
    for pointer in pointers { free(pointer) }
  }
}
