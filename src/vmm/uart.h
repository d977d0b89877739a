/* SPDX-License-Identifier: MIT */
/*
 * A 16550 serial port: what the guest transmits goes to a sink. The transmitter is always ready;
 * nothing is received but what the guest sends itself in loop-back mode, by which drivers recognise
 * the device.
 */
#ifndef VMM_UART_H
#define VMM_UART_H

#include <stdint.h>

#include "vmm/bus.h"

#define UART_COM1 0x3f8

struct uart {
	void (*sink)(void *opaque, uint8_t byte);
	void *sink_opaque;
	uint8_t ier, lcr, mcr, scr;
	uint8_t fifo; /* FCR bit 0 */
	uint8_t dll, dlm;
	uint8_t looped; /* byte in loop-back, valid with has_looped */
	uint8_t has_looped;
};

void uart_init(struct uart *uart, void (*sink)(void *opaque, uint8_t byte), void *opaque);
struct port_device uart_device(struct uart *uart, uint16_t base);

#endif
