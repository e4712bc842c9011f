internal import Glibc
internal import ProcessTreeProcessControl
internal import ProcessTreeWire

extension ProcessSettings {
  /// Gives this process the settings; called while it has one thread, so that all threads have
  /// them.
  ///
  /// Limits come last, because the other steps may need more than they allow.
  ///
  /// - Throws: The step that the kernel refused.
  func apply() throws(ProcessTreeError) {
    environment.apply()
    if let directory, chdir(directory) != 0 {
      throw Self.refused("the directory \(directory.quotation.debugDescription)")
    }
    if let umask { _ = Glibc.umask(mode_t(umask & 0o777)) }
    if let niceness, setpriority(numericCast(PRIO_PROCESS.rawValue), 0, Int32(niceness)) != 0 {
      throw Self.refused("the nice value \(niceness)")
    }
    if let processors, !ProcessLimit.run(on: processors) {
      throw Self.refused("the processors \(processors.sorted())")
    }
    for limit in limits where !limit.resolved.apply() { throw Self.refused("the limit \(limit)") }
  }

  private static func refused(_ what: String) -> ProcessTreeError {
    let reason = String(cString: strerror(errno))
    return ProcessTreeError(.systemCallFailed, "The process cannot have \(what): \(reason)")
  }
}
