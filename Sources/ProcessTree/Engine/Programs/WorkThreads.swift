internal import Glibc
internal import ProcessTreeBase
internal import ProcessTreeLinks

/// The threads of a node for work off its loop, made on first use.
final class WorkThreads: Sendable {
  private let made = Lock<ThreadExecutor?>(nil)

  /// The threads; throws if not even one can be made, and can be called again.
  func executor() throws(ProcessTreeError) -> ThreadExecutor {
    let result = made.withLock { made -> Result<ThreadExecutor, ProcessTreeError> in
      if let made { return .success(made) }
      do throws(LimitError) {
        let new = try ThreadExecutor(maximum: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        made = new
        return .success(new)
      } catch {
        return .failure(ProcessTreeError(.systemCallFailed, error.description))
      }
    }
    return try result.get()
  }
}
