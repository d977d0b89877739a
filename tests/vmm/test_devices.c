// SPDX-License-Identifier: MIT
/*
 * The bus and the devices on it, driven as a guest's driver drives them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "vmm/bus.h"
#include "vmm/pm.h"
#include "vmm/ioapic.h"
#include "vmm/uart.h"

struct console {
	char text[64];
	size_t length;
};

static void collect(void *opaque, uint8_t byte)
{
	struct console *c = opaque;

	if (c->length < sizeof(c->text) - 1)
		c->text[c->length++] = (char)byte;
}

static void add_uart(struct port_bus *bus, struct uart *uart, struct console *console)
{
	struct port_device device = uart_device(uart, UART_COM1);

	uart_init(uart, collect, console);
	assert_int_equal(bus_add(bus, &device), 0);
}

static void uart_prints(void **state)
{
	struct port_bus bus = { 0 };
	struct console console = { 0 };
	struct uart uart;

	(void)state;
	add_uart(&bus, &uart, &console);
	for (const char *p = "hello"; *p; p++) {
		assert_int_equal(bus_in(&bus, UART_COM1 + 5, 1) & 0x60, 0x60);
		bus_out(&bus, UART_COM1, 1, (uint8_t)*p);
	}
	assert_string_equal(console.text, "hello");
}

static void uart_divisor_is_not_data(void **state)
{
	struct port_bus bus = { 0 };
	struct console console = { 0 };
	struct uart uart;

	(void)state;
	add_uart(&bus, &uart, &console);
	bus_out(&bus, UART_COM1 + 3, 1, 0x83);
	bus_out(&bus, UART_COM1, 1, 'x');
	assert_int_equal(bus_in(&bus, UART_COM1, 1), 'x');
	bus_out(&bus, UART_COM1 + 3, 1, 0x03);
	assert_int_equal(console.length, 0);
}

static void uart_loops_back(void **state)
{
	struct port_bus bus = { 0 };
	struct console console = { 0 };
	struct uart uart;

	(void)state;
	add_uart(&bus, &uart, &console);
	bus_out(&bus, UART_COM1 + 4, 1, 0x1a); /* loop, OUT2, RTS */
	assert_int_equal(bus_in(&bus, UART_COM1 + 6, 1) & 0xf0, 0x90);
	bus_out(&bus, UART_COM1, 1, 0xae);
	assert_int_equal(bus_in(&bus, UART_COM1 + 5, 1) & 1, 1);
	assert_int_equal(bus_in(&bus, UART_COM1, 1), 0xae);
	assert_int_equal(bus_in(&bus, UART_COM1 + 5, 1) & 1, 0);
	assert_int_equal(console.length, 0);
}

static void count_rises(void *opaque)
{
	unsigned *rises = opaque;

	++*rises;
}

static void uart_receives(void **state)
{
	struct port_bus bus = { 0 };
	struct console console = { 0 };
	struct uart uart;

	(void)state;
	add_uart(&bus, &uart, &console);
	assert_int_equal(uart_receive(&uart, (const uint8_t *)"ab", 2), 0); /* nobody has looked */
	assert_int_equal(bus_in(&bus, UART_COM1 + 5, 1) & 1, 0);
	assert_int_equal(uart_receive(&uart, (const uint8_t *)"ab", 2), 1);
	assert_int_equal(bus_in(&bus, UART_COM1 + 5, 1) & 1, 1);
	assert_int_equal(bus_in(&bus, UART_COM1, 1), 'a');
	assert_int_equal(bus_in(&bus, UART_COM1 + 5, 1) & 1, 0);
	bus_out(&bus, UART_COM1 + 2, 1, 1);
	assert_int_equal(uart_receive(&uart, (const uint8_t *)"0123456789abcdefg", 17), UART_FIFO);
	for (unsigned i = 0; i < UART_FIFO; i++)
		assert_int_equal(bus_in(&bus, UART_COM1, 1), "0123456789abcdef"[i]);
	uart_receive(&uart, (const uint8_t *)"x", 1);
	bus_out(&bus, UART_COM1 + 2, 1, 3); /* clears what was received */
	assert_int_equal(bus_in(&bus, UART_COM1 + 5, 1) & 1, 0);
	bus_out(&bus, UART_COM1 + 4, 1, 0x10);
	assert_int_equal(uart_receive(&uart, (const uint8_t *)"x", 1), 0);
}

/* The line rises for each new cause, when the guest wants to hear of it. */
static void uart_interrupts(void **state)
{
	struct port_bus bus = { 0 };
	struct console console = { 0 };
	struct uart uart;
	unsigned rises = 0;

	(void)state;
	add_uart(&bus, &uart, &console);
	uart.rise = count_rises;
	uart.rise_opaque = &rises;
	bus_out(&bus, UART_COM1 + 2, 1, 1);
	bus_in(&bus, UART_COM1 + 5, 1);
	uart_receive(&uart, (const uint8_t *)"a", 1);
	bus_out(&bus, UART_COM1 + 1, 1, 1);
	assert_int_equal(rises, 0); /* OUT2 is off */
	bus_out(&bus, UART_COM1 + 4, 1, 8);
	assert_int_equal(rises, 1);
	assert_int_equal(bus_in(&bus, UART_COM1 + 2, 1) & 0xf, 4);
	uart_receive(&uart, (const uint8_t *)"b", 1);
	assert_int_equal(rises, 1);
	bus_in(&bus, UART_COM1, 1);
	bus_in(&bus, UART_COM1, 1);
	assert_int_equal(bus_in(&bus, UART_COM1 + 2, 1) & 0xf, 1);
	uart_receive(&uart, (const uint8_t *)"c", 1);
	assert_int_equal(rises, 2);
	bus_in(&bus, UART_COM1, 1);
	bus_out(&bus, UART_COM1 + 1, 1, 2); /* the transmitter is empty: told at once */
	assert_int_equal(rises, 3);
	assert_int_equal(bus_in(&bus, UART_COM1 + 2, 1) & 0xf, 2);
	assert_int_equal(bus_in(&bus, UART_COM1 + 2, 1) & 0xf, 1); /* acknowledged by that */
	bus_out(&bus, UART_COM1, 1, 'x');
	assert_int_equal(rises, 4);
}

struct sent {
	unsigned count;
	struct lapic_message message;
};

static void note_message(void *opaque, const struct lapic_message *message)
{
	struct sent *sent = opaque;

	sent->count++;
	sent->message = *message;
}

static void set_entry(struct ioapic *ioapic, unsigned line, uint64_t entry)
{
	ioapic_write(ioapic, 0, 0x10 + 2 * line);
	ioapic_write(ioapic, 0x10, (uint32_t)entry);
	ioapic_write(ioapic, 0, 0x11 + 2 * line);
	ioapic_write(ioapic, 0x10, (uint32_t)(entry >> 32));
}

static void ioapic_routes(void **state)
{
	struct ioapic ioapic;
	struct sent sent = { 0 };

	(void)state;
	ioapic_init(&ioapic, note_message, &sent);
	ioapic_write(&ioapic, 0, 1);
	assert_int_equal(ioapic_read(&ioapic, 0x10), 0x170011);
	ioapic_write(&ioapic, 0, 0x18);
	assert_int_equal(ioapic_read(&ioapic, 0x10), 0x10000);
	ioapic_raise(&ioapic, 4);
	assert_int_equal(sent.count, 0);
	set_entry(&ioapic, 4, 3ull << 56 | 0x41);
	ioapic_raise(&ioapic, 4);
	ioapic_raise(&ioapic, 5);
	assert_int_equal(sent.count, 1);
	assert_int_equal(sent.message.vector, 0x41);
	assert_int_equal(sent.message.destination, 3);
	assert_false(sent.message.all || sent.message.logical);
	set_entry(&ioapic, 23, 0xffull << 56 | 1 << 11 | 1 << 8 | 0x42);
	ioapic_raise(&ioapic, 23);
	assert_true(sent.message.all && sent.message.logical);
	assert_int_equal(sent.message.delivery, LAPIC_LOWEST_PRIORITY);
	ioapic_write(&ioapic, 0, 0x40);
	ioapic_write(&ioapic, 0x10, 0xffffffff);
	assert_int_equal(ioapic_read(&ioapic, 0x10), 0);
	assert_int_equal(ioapic_read(&ioapic, 0x20), 0);
	ioapic_write(&ioapic, 0, 0);
	ioapic_write(&ioapic, 0x10, 0xffffffff);
	assert_int_equal(ioapic_read(&ioapic, 0x10), 0x0f000000);
}

static void uart_looks_like_a_16550(void **state)
{
	struct port_bus bus = { 0 };
	struct console console = { 0 };
	struct uart uart;

	(void)state;
	add_uart(&bus, &uart, &console);
	bus_out(&bus, UART_COM1 + 2, 1, 1);
	assert_int_equal(bus_in(&bus, UART_COM1 + 2, 1) & 0xc0, 0xc0);
	bus_out(&bus, UART_COM1 + 1, 1, 0xff);
	assert_int_equal(bus_in(&bus, UART_COM1 + 1, 1), 0x0f);
	bus_out(&bus, UART_COM1 + 7, 1, 0x5a);
	assert_int_equal(bus_in(&bus, UART_COM1 + 7, 1), 0x5a);
}

static void unclaimed_ports_read_ones(void **state)
{
	struct port_bus bus = { 0 };

	(void)state;
	assert_int_equal(bus_in(&bus, 0x1234, 1), 0xff);
	assert_int_equal(bus_in(&bus, 0x1234, 2), 0xffff);
	assert_true(bus_in(&bus, 0x1234, 4) == 0xffffffff);
	bus_out(&bus, 0x1234, 4, 0);
}

static void the_bus_has_a_limit(void **state)
{
	struct port_bus bus = { 0 };
	struct port_device device = { .name = "none", .count = 1 };

	(void)state;
	for (int i = 0; i < BUS_MAX_DEVICES; i++)
		assert_int_equal(bus_add(&bus, &device), 0);
	assert_int_equal(bus_add(&bus, &device), -1);
}

static void count(void *opaque)
{
	++*(unsigned *)opaque;
}

static uint64_t no_time(void *opaque)
{
	(void)opaque;
	return 0;
}

static void sleep_registers_power_off(void **state)
{
	struct port_bus bus = { 0 };
	unsigned offs = 0;
	struct pm pm = { .now_ns = no_time, .power_off = count, .reset = count, .opaque = &offs };

	(void)state;
	assert_int_equal(pm_add(&pm, &bus), 0);
	bus_out(&bus, PM_SLEEP_STATUS, 1, 0x80);
	bus_out(&bus, PM_SLEEP_CONTROL, 1, 5 << 2);
	assert_int_equal(offs, 0);
	bus_out(&bus, PM_SLEEP_CONTROL, 1, 5 << 2 | 1 << 5); /* SLP_EN */
	assert_int_equal(offs, 1);
	bus_out(&bus, PM_RESET, 1, 2); /* hard, but not now */
	assert_int_equal(offs, 1);
	bus_out(&bus, PM_RESET, 1, PM_RESET_NOW);
	assert_int_equal(offs, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uart_prints),
		cmocka_unit_test(uart_divisor_is_not_data),
		cmocka_unit_test(uart_loops_back),
		cmocka_unit_test(uart_receives),
		cmocka_unit_test(uart_interrupts),
		cmocka_unit_test(ioapic_routes),
		cmocka_unit_test(uart_looks_like_a_16550),
		cmocka_unit_test(unclaimed_ports_read_ones),
		cmocka_unit_test(the_bus_has_a_limit),
		cmocka_unit_test(sleep_registers_power_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
