import Glibc

extension ProcessControlError {
  /// The error for a failed call, with the remedy that fits its number.
  static func system(
    _ call: String, _ number: Int32, _ advice: String? = nil
  ) -> ProcessControlError {
    switch number {
    case EMFILE:
      ProcessControlError(
        .descriptorLimit, call: call, errno: number,
        advice ?? "raise the limit on open files (ulimit -n) or keep fewer children at a time")
    case ENFILE:
      ProcessControlError(
        .descriptorLimit, call: call, errno: number,
        advice ?? "the system's table of open files is full; raise fs.file-max")
    case ENOMEM:
      ProcessControlError(
        .processLimit, call: call, errno: number, advice ?? "keep fewer children at a time")
    case ESRCH, ECHILD:
      ProcessControlError(
        .noSuchProcess, call: call, errno: number,
        advice ?? "the process has ended and was reaped, or is not a child of this one")
    case EINVAL:
      ProcessControlError(
        .invalidArgument, call: call, errno: number, advice ?? "check the arguments of the call")
    default:
      ProcessControlError(
        .systemCall, call: call, errno: number, advice ?? "see the manual page of the call")
    }
  }

  static func last(_ call: String) -> ProcessControlError { system(call, Glibc.errno) }
}
