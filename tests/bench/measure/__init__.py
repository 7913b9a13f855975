# SPDX-License-Identifier: Apache-2.0
"""What script/bench is made of: processes, load, tokens, tables, and one module per group of modes."""
