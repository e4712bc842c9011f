// The contents of libzmq's own header; nothing is added here.
#pragma once
#include <zmq.h>
