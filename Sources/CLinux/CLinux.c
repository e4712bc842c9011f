// SwiftPM wants one source file in a C target; the calls are all in the header.
