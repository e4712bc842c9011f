internal import Glibc

/// The executable that has the programs of a file.
package struct NamedApp {
  /// Its absolute path.
  package let path: String
  package let place: Place
  /// Which file names it.
  package let namedBy: FileIdentity?

  /// The app that a file names, of which nothing else is read; nil if there is none, or if the
  /// check of the file has something to report first.
  ///
  /// - Parameter files: Keeps what was read, for a check of the file.
  package init?(of file: String, in files: FileSet) {
    guard file != "-", case .success(let value) = files.readAhead(file),
      let named = value["app"], let text = named.text, !text.contains("${{")
    else { return nil }
    path = Path.absolute(text, from: Path.directory(of: file))
    place = named.place
    namedBy = files.sources.first?.identity
  }

  /// Whether it can be executed, and is no other name of the running executable.
  package var isUsable: Bool { refusal == nil }

  /// Why it cannot be used, and what to do; nil if it can.
  fileprivate var refusal: String? {
    var status = stat()
    var own = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, access(path, X_OK) == 0
    else { return "is no file that can be executed; \(buildAdvice)" }
    let isOwn =
      stat("/proc/self/exe", &own) == 0 && own.st_ino == status.st_ino
      && own.st_dev == status.st_dev
    return isOwn ? "is this tool, which has no programs of its own." : nil
  }

  /// How an executable of this path is usually made.
  private var buildAdvice: String {
    let names = path.split(separator: "/")
    let product = names.last ?? ""
    guard names.contains(".build"), names.count > 1 else {
      return "build it first, or correct the path."
    }
    let isRelease = names.contains("release")
    return "build it: swift build \(isRelease ? "-c release " : "")--product \(product)"
  }
}

extension TopologyBuilder {
  /// The diagnostics of a reader without programs about the app that has them.
  mutating func checkApp(_ named: Value) {
    let options = reader.options
    guard options.catalog == nil, let text = named.text else { return }
    let app = NamedApp(of: path, in: FileSet())
    let length = max(1, text.count)
    if let refusal = app?.refusal {
      let message = "'\(text)' \(refusal)"
      if options.isForRun {
        reader.diagnostics.error(.missingApp, at: named.place, length: length, message)
      } else if options.looksForExecutables {
        reader.diagnostics.warning(.missingApp, at: named.place, length: length, message)
      }
    } else if options.isForRun {
      reader.diagnostics.error(
        .missingApp, at: named.place, length: length,
        "the app cannot take this over: it runs files, under a path without expressions.")
    } else if options.looksForExecutables {
      reader.diagnostics.warning(
        .uncheckedPrograms, at: named.place, length: length,
        "the programs are not checked, because a check executes nothing: say --ask-app, or let the app check the file."
      )
    }
  }
}
