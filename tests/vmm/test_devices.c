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

static uint64_t no_time(void)
{
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
		cmocka_unit_test(uart_looks_like_a_16550),
		cmocka_unit_test(unclaimed_ports_read_ones),
		cmocka_unit_test(the_bus_has_a_limit),
		cmocka_unit_test(sleep_registers_power_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
