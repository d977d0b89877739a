/* SPDX-License-Identifier: MIT */
/*
 * A 16550 serial port: what the guest transmits goes to a sink, what is typed waits in the receive
 * FIFO. The transmitter is always ready. The interrupt line can be asked for; a rise of it is told.
 */
#ifndef VMM_UART_H
#define VMM_UART_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/bus.h"

#define UART_COM1 0x3f8
#define UART_FIFO 16u

struct uart {
	void (*sink)(void *opaque, uint8_t byte);
	void *sink_opaque;
	void (*rise)(void *opaque); /* the interrupt line went up; NULL: it leads nowhere */
	void *rise_opaque;
	uint8_t ier, lcr, mcr, scr;
	uint8_t fifo_on; /* FCR bit 0 */
	uint8_t dll, dlm;
	uint8_t received[UART_FIFO];
	unsigned first, count; /* of what was received and not read */
	bool empty_told; /* the guest knows that the transmitter is empty: no interrupt for it */
	bool line;
	/* Any thread may read: the guest has looked for input; it is interrupted by some. */
	_Atomic bool looked, listens;
};

void uart_init(struct uart *uart, void (*sink)(void *opaque, uint8_t byte), void *opaque);
struct port_device uart_device(struct uart *uart, uint16_t base);

/*
 * Receives up to `size` bytes. Returns how many there was room for: none in loop-back mode, nor
 * before the guest has looked at the line status, so that what is typed early waits for its driver.
 */
size_t uart_receive(struct uart *uart, const uint8_t *bytes, size_t size);

#endif
